package flush

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// Options of a Flusher. Rand and Log may be left out.
type Options struct {
	Buffer   Buffer
	Database Database
	Observer Observer
	Policy   Policy
	Log      logr.Logger
	// Rand returns a number in [0, 1) for jitter.
	Rand func() float64
}

// Flusher writes one spool to one database.
type Flusher struct {
	buffer   Buffer
	db       Database
	observer Observer
	session  *session
	gate     *gate
	lanes    []*lane
	health   *health
	done     chan struct{}
	// erasures counts the changes of batches that undisturbed has run.
	erasures atomic.Uint64
	erasing  erasing
}

// New makes a Flusher with an owner token of its own; it does no I/O.
func New(o Options) *Flusher {
	chance := o.Rand
	if chance == nil {
		chance = rand.Float64
	}
	observer := &narrator{Observer: o.Observer, log: o.Log}
	lanes := o.Buffer.Lanes()
	f := &Flusher{
		buffer: o.Buffer, db: o.Database, observer: observer,
		session: newSession(o.Database, o.Buffer, uuid.NewString()),
		gate:    newGate(lanes, o.Policy, chance, observer),
		done:    make(chan struct{}),
		erasing: erasing{refused: refusedErasures{}},
	}
	for i := range lanes {
		f.lanes = append(f.lanes, &lane{f: f, index: i, rows: map[uint64]int64{}, doubts: newDoubts()})
	}
	f.health = &health{f: f, interval: jitter(healthInterval, chance())}
	return f
}

// Run flushes until ctx ends and returns nil then. It may be called once. An
// error is one of the buffer's disk: nothing more can be written safely by this
// process, and the next one goes on where it stopped.
func (f *Flusher) Run(ctx context.Context) error {
	defer close(f.done)
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range f.lanes {
		group.Go(func() error { return l.run(ctx) })
	}
	group.Go(func() error { return f.health.run(ctx) })
	group.Go(func() error { <-ctx.Done(); return nil })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	return nil
}

// SetPolicy changes the policy of a running Flusher and lets all lanes try now.
func (f *Flusher) SetPolicy(p Policy) {
	f.erasing.retry.Store(true)
	f.gate.setPolicy(p)
}

// Nudge says that credentials or configuration changed: whatever waits after a
// failure tries again now, and an idle connection is checked.
func (f *Flusher) Nudge() {
	f.erasing.retry.Store(true)
	f.gate.recheck()
}

// agreed returns since when at least every lane's ledger and spool were seen to
// agree, and when the last batch was confirmed; zero for never.
func (f *Flusher) agreed() (agreed, saved time.Time) {
	for i, l := range f.lanes {
		if a := instant(l.agreed.Load()); i == 0 || a.Before(agreed) {
			agreed = a
		}
		saved = latest(saved, instant(l.saved.Load()))
	}
	return agreed, saved
}

// replayed returns when a batch was last applied again.
func (f *Flusher) replayed() (at time.Time) {
	for _, l := range f.lanes {
		at = latest(at, instant(l.replayed.Load()))
	}
	return at
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func instant(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}
