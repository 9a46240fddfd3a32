package state

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

var _ flush.Observer = (*State)(nil)

// BatchSaved implements flush.Observer. The lag counts, for each record, from the
// acceptance of its first unsaved update.
func (s *State) BatchSaved(b progress.Batch, rows int64, at time.Time) {
	s.applied.Add(1)
	s.rows.Add(rows)
	now := progress.InstantOf(at)
	s.lastSaved.Store(int64(now))
	s.metrics.batches.WithLabelValues(outcomeSaved).Inc()
	s.metrics.rows.WithLabelValues(outcomeSaved).Add(float64(rows))
	s.recent.finished(&b, outcomeSaved, "", rows, at)
	s.records.Add(int64(len(b.Records)))
	s.metrics.records.Add(float64(len(b.Records)))
	s.breakdown.saved(&b, rows, now)
	lags := make([]float64, len(b.Records))
	for i := range b.Records {
		lags[i] = lagOf(&b, i, now)
		s.metrics.saveLag.Observe(lags[i])
	}
	if groups := groupsOf(lags); len(groups) > 0 { // an erasure may have emptied the batch
		s.lags.saved(groups)
		s.samples.saved(groups[len(groups)-1].seconds)
	}
	s.changes.notify()
}

// BatchReplayed implements flush.Observer.
func (s *State) BatchReplayed(b progress.Batch, rows int64) {
	s.replayed.Add(1)
	s.rows.Add(rows)
	s.metrics.batches.WithLabelValues(outcomeReplayed).Inc()
	s.metrics.rows.WithLabelValues(outcomeReplayed).Add(float64(rows))
	s.breakdown.replayed(&b, rows)
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

// Attempted implements flush.Observer. One that failed is counted by AttemptFailed,
// which is told of those that did not get to send anything too: in an outage they are
// almost all.
func (s *State) Attempted(took time.Duration, f *postgres.Failure) {
	if f != nil {
		s.metrics.roundTrips.WithLabelValues(outcomeFailed).Observe(took.Seconds())
		return
	}
	s.attempts.Add(1)
	s.metrics.attempts.WithLabelValues(outcomeSucceeded).Inc()
	s.metrics.roundTrips.WithLabelValues(outcomeSucceeded).Observe(took.Seconds())
}

// AttemptFailed implements flush.Observer.
func (s *State) AttemptFailed(f postgres.Failure) {
	s.attempts.Add(1)
	s.failedAttempts.Add(1)
	s.metrics.attempts.WithLabelValues(outcomeFailed).Inc()
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

// Merged counts an update of a learner, by the hash of the id, that was accepted and
// merged under these terms. It is of interest only with variants.
func (s *State) Merged(terms *timing.Terms, learner uint64) {
	s.breakdown.merged(terms.Variant, learner)
}

// FinalLag notes how long it took to save the last update of a record that then stayed
// silent.
func (s *State) FinalLag(terms *timing.Terms, lag time.Duration) { s.breakdown.final(terms, lag) }

// OrphanWritten implements orphans.Counter.
func (s *State) OrphanWritten() { s.metrics.orphansWritten.Inc() }

// OrphanFailed implements orphans.Counter.
func (s *State) OrphanFailed() { s.metrics.orphansFailed.Inc() }
