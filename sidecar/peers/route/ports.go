package route

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Local is this sidecar's own buffer.
type Local interface {
	Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	PutStray(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error)
}

// Keeper is where strays wait for their homes; *buffer.Buffer is one.
type Keeper interface {
	Strays(after progress.Instant, limit int) (page []buffer.Stray, more bool)
	DropStrays(ctx context.Context, ids []progress.Instant) error
	TakeStrays(ctx context.Context, ids []progress.Instant) (taken int, err error)
}

// Peer takes what is handed on to it. With an error, the results are those of the
// first items, and the error tells of the others: hop.ErrUnreachable when nothing of
// them was sent, hop.ErrInDoubt, and those of the buffer there. *hop.Link is one.
type Peer interface {
	Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error)
	// AwayFor is for how long the peer has not been reached, 0 if it was at the last try.
	AwayFor() time.Duration
}

// Homes says who is home to a learner.
type Homes interface {
	Home(userID string) (home members.Member, self bool)
}

// Merger says for which learners this sidecar may merge updates that have an event id:
// it is their home, and no other sidecar may know of ids that it does not know.
type Merger interface {
	Merges(userID string) bool
}

// Observer counts what became of the updates and resets of calls that have another
// home. Those that were refused, and repeated ones, don't count. Its methods must
// return at once.
type Observer interface {
	// HandedOn counts what the home accepted.
	HandedOn(items int)
	// KeptLocally counts what this sidecar accepted since the home did not. reason is
	// one of Reasons.
	KeptLocally(reason string, items int)
}

// ReasonInDoubt is for what may have reached its home, and ReasonUnknown for what came
// before it was known who is home. The other reasons are those
// for which nothing was sent, hop.Reasons.
const (
	ReasonInDoubt = "in-doubt"
	ReasonUnknown = "unknown"
)

// Reasons are all of Observer.KeptLocally.
func Reasons() []string { return append(hop.Reasons(), ReasonInDoubt, ReasonUnknown) }
