package state

import (
	"context"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// BatchReport is what became of one batch, without anything of a learner.
type BatchReport struct {
	Lane    int    `json:"lane"`
	Number  uint64 `json:"number"`
	Records int    `json:"records"`
	// Updates that were merged into its records.
	Updates int64 `json:"updates"`
	// Rows inserted or really changed.
	Rows int64 `json:"rows"`
	// Outcome is saved, replayed, split or quarantined.
	Outcome string `json:"outcome"`
	// SQLState is why the database refused it.
	SQLState string `json:"sqlState,omitempty"`
	// RoundTripSeconds is the time of the round trip that it went in, which it
	// may have shared with others; 0 if that is not known.
	RoundTripSeconds float64   `json:"roundTripSeconds"`
	FinishedAt       time.Time `json:"finishedAt"`
}

const (
	recentBatches = 20
	// maxTimedBatches bounds the round trips of batches that are not finished.
	maxTimedBatches = 512
)

// recent keeps the last batches that were finished.
type recent struct {
	mu      sync.Mutex
	reports [recentBatches]BatchReport
	count   uint64 // of all that there ever were
	trips   map[batchKey]time.Duration
}

// batchKey identifies a batch among those of the process. Lane and number are not
// enough, since the spool of a gone pod has lanes and numbers of its own.
type batchKey struct {
	id, number uint64
	lane       int
}

func keyOf(b *progress.Batch) batchKey { return batchKey{b.ID, b.Number, b.Lane} }

// RecentBatches are the last batches that were finished, the newest first.
func (s *State) RecentBatches() []BatchReport {
	s.recent.mu.Lock()
	defer s.recent.mu.Unlock()
	n := min(s.recent.count, recentBatches)
	list := make([]BatchReport, 0, n)
	for i := range n {
		list = append(list, s.recent.reports[(s.recent.count-1-i)%recentBatches])
	}
	return list
}

// finished notes the end of a batch.
func (r *recent) finished(b *progress.Batch, outcome, sqlState string, rows int64, at time.Time) {
	updates := int64(0)
	for i := range b.Records {
		updates += b.Records[i].Accepted()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	trip := r.trips[keyOf(b)]
	delete(r.trips, keyOf(b))
	r.reports[r.count%recentBatches] = BatchReport{
		Lane: b.Lane, Number: b.Number, Records: len(b.Records), Updates: updates, Rows: rows,
		Outcome: outcome, SQLState: sqlState, RoundTripSeconds: trip.Seconds(), FinishedAt: at.UTC(),
	}
	r.count++
}

// answered notes the time of a round trip.
func (r *recent) answered(batches []progress.Batch, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trips == nil || len(r.trips) > maxTimedBatches {
		r.trips = make(map[batchKey]time.Duration)
	}
	for i := range batches {
		r.trips[keyOf(&batches[i])] = took
	}
}

// Timed returns db with the times of its round trips noted for RecentBatches.
func (s *State) Timed(db flush.Database) flush.Database { return &timed{db, s} }

type timed struct {
	flush.Database
	state *State
}

// ApplyRound implements flush.Database.
func (t *timed) ApplyRound(
	ctx context.Context, writer, owner string, prev uint64, batches []progress.Batch,
) ([]postgres.Result, error) {
	began := t.state.now()
	results, err := t.Database.ApplyRound(ctx, writer, owner, prev, batches)
	done := len(results)
	if err != nil {
		done++ // the batch that the database refused, if any
	}
	t.state.recent.answered(batches[:min(done, len(batches))], t.state.now().Sub(began))
	return results, err //nolint:wrapcheck // flush says what was being done
}
