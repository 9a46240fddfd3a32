package peers

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/handover"
	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
)

// Buffer is this sidecar's own; *buffer.Buffer is one.
type Buffer interface {
	route.Local
	route.Keeper
	handover.Events
	PutFrom(ctx context.Context, sender buffer.SenderID, number uint64, items []buffer.Item) ([]buffer.Result, error)
	TakeAllStrays(ctx context.Context) (left int, err error)
	// MakeDue and MakeDueWhere make what is pending of some learners due, and AwaitSaved
	// waits until it is written.
	MakeDue(of buffer.Filter) buffer.DueSet
	MakeDueWhere(match func(userID string) bool, within time.Duration) buffer.DueSet
	AwaitSaved(ctx context.Context, due buffer.DueSet) error
}

// Options are what a Peers works with.
type Options struct {
	Buffer   Buffer
	Registry roll.Registry
	// Writer is the id of the sidecar's spool.
	Writer uuid.UUID
	// Address is where the sidecar listens for others; without one it has no peers.
	Address netip.AddrPort
	// Target names the table that the sidecar writes at this moment.
	Target func() string
	// Accepted counts what others handed on: updates that are on disk, and how many of
	// them were merged into a record that was there; and Repeated those that were
	// accepted before.
	Accepted func(updates, merged int)
	Repeated func(updates int)
	// BytesInFlight bounds what is taken from others at once, in bytes.
	BytesInFlight int64
	Log           logr.Logger
	// Handler is for what net/http logs.
	Handler slog.Handler
}
