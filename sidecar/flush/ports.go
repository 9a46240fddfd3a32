package flush

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
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
	Pressing(lane int) int
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
	MakeDue(buffer.Filter) buffer.DueSet
	Saved(buffer.DueSet) bool
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
	Claim(ctx context.Context, writer, owner string, lanes int, approve func([]postgres.Claimed) error) ([]postgres.Claimed, error)
	RenewLedger(ctx context.Context, writer, owner string, lanes int) ([]postgres.LedgerRow, error)
	MoveLedger(ctx context.Context, writer, owner string, lane int, number uint64) error
	ApplyRound(ctx context.Context, writer, owner string, prev uint64, batches []progress.Batch) ([]postgres.Result, error)
	Erase(ctx context.Context, userID string, before time.Time) (postgres.Erased, error)
	Ping(ctx context.Context) error
}

// Policy says in what portions records are written and how a failed attempt is
// tried again. The limits of its values are those of config.Config.
type Policy struct {
	// BatchSize is the number of records a transaction; 1 or more.
	BatchSize int
	// MaxRetries, InitialDelay and MaxDelay are those of breaker.Backoff.
	MaxRetries   int
	InitialDelay time.Duration
	MaxDelay     time.Duration
	// Interval is the policy's sync interval; it caps the pause between probes.
	Interval time.Duration
	// ReplayWindow is how long the buffer keeps a batch after the database was
	// last given it.
	ReplayWindow time.Duration
}

// PolicyOf is the part of the configuration that flushing follows.
func PolicyOf(c config.Config) Policy {
	return Policy{
		BatchSize:    c.Sync.BatchSize,
		MaxRetries:   c.Retry.MaxRetries,
		InitialDelay: c.Retry.InitialDelay.D(),
		MaxDelay:     c.Retry.MaxDelay.D(),
		Interval:     c.Sync.Interval.D(),
		ReplayWindow: c.Buffer.ReplayWindow.D(),
	}
}

func (p Policy) backoff() breaker.Backoff {
	return breaker.Backoff{MaxRetries: p.MaxRetries, InitialDelay: p.InitialDelay, MaxDelay: p.MaxDelay, Interval: p.Interval}
}
