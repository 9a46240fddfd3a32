package state

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

var _ flush.Observer = (*State)(nil)

// BatchSaved implements flush.Observer. The lag counts from the acceptance of
// the update that waited longest in the batch, once for each of its records.
func (s *State) BatchSaved(b progress.Batch, rows int64, at time.Time) {
	s.applied.Add(1)
	s.rows.Add(rows)
	now := progress.InstantOf(at)
	s.lastSaved.Store(int64(now))
	s.metrics.batches.WithLabelValues(outcomeSaved).Inc()
	s.metrics.rows.WithLabelValues(outcomeSaved).Add(float64(rows))
	s.recent.finished(&b, outcomeSaved, "", rows, at)
	lag := max(0, float64(now-b.Oldest)/1e6)
	for range b.Records {
		s.metrics.saveLag.Observe(lag)
	}
	if len(b.Records) > 0 { // an erasure may have emptied it
		s.lags.saved(batchLag{lag, len(b.Records)})
		s.samples.saved(lag)
	}
	s.changes.notify()
}

// BatchReplayed implements flush.Observer.
func (s *State) BatchReplayed(b progress.Batch, rows int64) {
	s.replayed.Add(1)
	s.rows.Add(rows)
	s.metrics.batches.WithLabelValues(outcomeReplayed).Inc()
	s.metrics.rows.WithLabelValues(outcomeReplayed).Add(float64(rows))
	s.recent.finished(&b, outcomeReplayed, "", rows, s.now())
	s.changes.notify()
}

// BatchSplit implements flush.Observer.
func (s *State) BatchSplit(b progress.Batch, f postgres.Failure) {
	s.metrics.batches.WithLabelValues(outcomeSplit).Inc()
	s.recent.finished(&b, outcomeSplit, f.SQLState, 0, s.now())
}

// BatchQuarantined implements flush.Observer.
func (s *State) BatchQuarantined(b progress.Batch, f postgres.Failure) {
	s.metrics.batches.WithLabelValues(outcomeQuarantined).Inc()
	s.recent.finished(&b, outcomeQuarantined, f.SQLState, 0, s.now())
	s.RecordsChanged()
}

// Rewound implements flush.Observer.
func (s *State) Rewound(r flush.Rewind) {
	s.metrics.rewinds.Inc()
	if r.Complete {
		return
	}
	lost := r.Applied - r.Ledger - uint64(r.Kept)
	s.metrics.missing.Add(float64(lost))
	s.mu.Lock()
	if s.missing == nil {
		s.missing = &missing{since: s.now()}
	}
	m := *s.missing
	m.batches += lost
	s.missing = &m
	s.mu.Unlock()
	s.changes.notify()
}

// Attempted implements flush.Observer.
func (s *State) Attempted(_ time.Duration, f *postgres.Failure) {
	s.attempts.Add(1)
	if f != nil {
		s.failedAttempts.Add(1)
	}
}

// AttemptFailed implements flush.Observer.
func (s *State) AttemptFailed(f postgres.Failure) {
	s.metrics.failures.WithLabelValues(string(f.Class)).Inc()
}

// Retried implements flush.Observer.
func (s *State) Retried() {
	s.retries.Add(1)
	s.metrics.retries.Inc()
}

// ConditionChanged implements flush.Observer.
func (s *State) ConditionChanged(c flush.Condition) {
	s.mu.Lock()
	s.condition = c
	s.mu.Unlock()
	s.changes.notify()
}

// ErasuresRefused implements flush.Observer.
func (s *State) ErasuresRefused(n int, last *postgres.Failure) {
	s.mu.Lock()
	s.refusedErasures, s.erasureFailure = n, last
	s.mu.Unlock()
	s.changes.notify()
}

// OrphanWritten implements orphans.Counter.
func (s *State) OrphanWritten() { s.metrics.orphansWritten.Inc() }

// OrphanFailed implements orphans.Counter.
func (s *State) OrphanFailed() { s.metrics.orphansFailed.Inc() }
