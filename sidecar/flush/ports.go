package flush

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Buffer is where due records come from; *buffer.Buffer is one. An error of
// FreezeRound, ConfirmThrough, Split, Postpone, Unite or Quarantine is an error of
// the disk, but for buffer.ErrRange of Unite.
type Buffer interface {
	Writer() string
	Lanes() int
	NextDue(lane int) (time.Time, bool)
	Wake(lane int) <-chan struct{}
	FreezeRound(lane int, now time.Time, batchSize, maxBatches int) ([]progress.Batch, error)
	Frozen(lane int) []progress.Batch
	Applied(lane int) uint64
	ConfirmThrough(lane int, number uint64) error
	Replayable(lane int, after uint64) (batches []progress.Batch, complete bool)
	Split(lane int, number uint64) error
	Postpone(lane int, number uint64) (uint64, error)
	Unite(lane int, older, newer uint64) (uint64, error)
	Quarantine(lane int, number uint64, reason buffer.DeadLetterReason) error
	MarkDue(buffer.Filter) buffer.Mark
	Saved(buffer.Mark) bool
	Progressed() <-chan struct{}
	Prune(now time.Time) error
	Erase(ctx context.Context, userID string) (buffer.Erased, error)
	PendingErasures() []buffer.Erasure
	ErasureDone(buffer.Erasure) error
	DoneErasures() []buffer.Erasure
	ForgetErasure(buffer.Erasure) error
	Stats() buffer.Stats
}

// Database is where batches go; *postgres.Database is one. Its errors are told
// apart by postgres.Classify.
type Database interface {
	Claim(ctx context.Context, writer, owner string, lanes int, accept func([]postgres.Claimed) error) ([]postgres.Claimed, error)
	MoveLedger(ctx context.Context, writer, owner string, lane int, number uint64) error
	ApplyRound(ctx context.Context, writer, owner string, prev uint64, batches []progress.Batch) ([]postgres.Result, error)
	Erase(ctx context.Context, userID string, before time.Time) (postgres.Erased, error)
	Ping(ctx context.Context) error
}

// Observer learns what happens. Its methods are called from several
// goroutines; they return quickly and don't call back into the Flusher.
type Observer interface {
	// BatchSaved: the batch is in the database and confirmed. rows is the
	// number of rows inserted or really changed, 0 when the batch turned out
	// to have been applied before its answer was lost.
	BatchSaved(b progress.Batch, rows int64, at time.Time)
	// BatchReplayed: a batch that had been saved was applied again to a
	// database that had fallen back behind it.
	BatchReplayed(b progress.Batch, rows int64)
	// BatchQuarantined: the database refused the one record of a batch.
	BatchQuarantined(b progress.Batch, f postgres.Failure)
	// BatchSplit: the database refused a batch for its data; its halves follow.
	BatchSplit(b progress.Batch, f postgres.Failure)
	// Rewound: the database fell back behind what was confirmed.
	Rewound(Rewind)
	// AttemptFailed: one attempt to use the database failed.
	AttemptFailed(postgres.Failure)
	// Retried: an attempt after a failed one starts.
	Retried()
	// ConditionChanged: see Condition. Called in the order of the changes.
	ConditionChanged(Condition)
	// ErasuresRefused: the database refuses so many erasures for themselves, and
	// why it last refused one; 0 and nil for none. They are tried again.
	ErasuresRefused(n int, last *postgres.Failure)
}

// Rewind tells how far the database fell back in one lane.
type Rewind struct {
	Lane int
	// Applied is the last number that the sidecar knew to be applied, Ledger
	// the one that the database has, 0 when it lost the lane's row.
	Applied, Ledger uint64
	// Kept is the number of batches that are applied again. Without Complete,
	// up to Applied-Ledger-Kept older ones are no longer in the spool.
	Kept     int
	Complete bool
}
