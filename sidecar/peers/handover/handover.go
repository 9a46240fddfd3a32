package handover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// Events is this sidecar's memory of event ids; *buffer.Buffer is one.
type Events interface {
	// EventIDsWhere returns the ids of events that were merged here, of learners by
	// their learnerhash.Of.
	EventIDsWhere(is func(learner uint64) bool) []spool.EventID
	// RememberEventIDs takes ids of events that were merged elsewhere, and returns when
	// the disk has them.
	RememberEventIDs(ctx context.Context, ids []spool.EventID) error
}

// Options are what a Handover works with. All are needed.
type Options struct {
	// Writer and Owner are those of this process.
	Writer, Owner uuid.UUID
	Events        Events
	// MoveOut makes due what is pending of the learners who are away, and returns what
	// waits until all of that is written. Strays don't count. It must return at once.
	MoveOut func(away func(userID string) bool) (written func(context.Context) error)
	// Send brings a page to a candidate, and returns when that has it on its disk.
	Send func(ctx context.Context, to uuid.UUID, page *wire.Events) error
	// Sent counts ids that were handed over. It must return at once.
	Sent func(ids int)
	// Missed is told that a candidate has left, or may have. It must return at once.
	Missed func()
}

// Handover hands ids over at each change of the members, and says what this sidecar may
// merge. Its methods may be called from several goroutines, Run from one and once.
type Handover struct {
	o    Options
	view atomic.Pointer[View]
	// wake has one when there is something to hand over.
	wake chan struct{}

	mu      sync.Mutex
	ids     wait // for ids of events
	rows    wait // for what others write of this sidecar's learners
	job     job
	leaving bool
	done    done
}

// job is what Run has to do for the current View.
type job struct {
	replaced []*View         // Views of before, of which nothing was handed over yet
	foreign  []spool.EventID // of a sidecar that left, which has taken this one for a home
	says     bool            // this sidecar is or was a candidate, so that others wait for its word
}

// after is j when next is in the place of a View. Of Views with the same homes as next
// one is enough, which is next itself, but for those that are in use.
func (j job) after(before, next *View, self uuid.UUID) job {
	j.replaced = append(slices.Clip(j.replaced), before)
	j.replaced = slices.DeleteFunc(j.replaced, func(v *View) bool { return v.Len() > 0 && v.digest == next.digest && v.isUnused() })
	j.says = j.says || next.Has(self)
	return j
}

// maxForeign bounds job.foreign: the memory of ids that a sidecar has by default.
const maxForeign = 100_000

// New makes a Handover that knows nobody.
func New(o Options) *Handover {
	h := &Handover{
		o: o, wake: make(chan struct{}, 1), done: newDone(),
		ids: wait{self: o.Writer, patience: Patience}, rows: wait{self: o.Writer, patience: writtenPatience},
	}
	h.view.Store(newView(members.Set{}, nil, nil))
	return h
}

// View is the current one.
func (h *Handover) View() *View { return h.view.Load() }

// Use returns the current View for somebody who merges by it, nil after End. What was
// merged by a View is not handed over before end was called as often as Use.
func (h *Handover) Use() (v *View, end func()) {
	for {
		v := h.view.Load()
		if v.begin() {
			return v, v.end
		}
		if h.view.Load() == v {
			return nil, func() {}
		}
	}
}

// Follow makes next who there is.
func (h *Handover) Follow(next members.Set) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.ids, h.rows = h.ids.after(next, now), h.rows.after(next, now)
	v := newView(next, h.ids.past, h.rows.past)
	before := h.view.Swap(v)
	before.replace()
	h.job = h.job.after(before, v, h.o.Writer)
	if before.digest != v.digest || before.Len() == 0 || h.leaving {
		h.done = h.done.nothing()
		h.wakeUp()
	}
}

// End lets nobody use the last View any more. Follow must not be called after it.
func (h *Handover) End() { h.view.Load().replace() }

// ErrLeaving says that this sidecar stops, and that others have or will have a learner.
var ErrLeaving = errors.New("this sidecar takes no event ids any more, since it stops")

// Take remembers what another sidecar hands over. After an error the page may be sent
// again. What it has taken by the View of before is handed over with what was merged by
// that.
func (h *Handover) Take(ctx context.Context, page *wire.Events) error {
	v, end := h.Use()
	defer end()
	if v == nil || h.IsLeaving() {
		return ErrLeaving
	}
	if len(page.IDs) > 0 {
		if err := h.o.Events.RememberEventIDs(ctx, page.IDs); err != nil {
			return fmt.Errorf("remembering event ids of another sidecar: %w", err)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	said := word{page.Owner, page.View, page.Leaving, time.Now()}
	if page.Last {
		h.settle(h.ids.hearing(page.Writer, said), h.rows)
	}
	if page.Written {
		h.settle(h.ids, h.rows.hearing(page.Writer, said))
	}
	if page.Leaving {
		h.takeOver(page)
	}
	return nil
}

// takeOver hands ids on that a sidecar which leaves has sent here, where their home is
// another one by now: it does not hear of that. Others will, and send their ids there.
func (h *Handover) takeOver(page *wire.Events) {
	v := h.view.Load()
	if v.Has(page.Writer) {
		h.o.Missed()
	}
	before := len(h.job.foreign)
	for _, id := range page.IDs {
		if home, self := v.HomeOf(id.Learner()); !self && home.Writer != page.Writer && len(h.job.foreign) < maxForeign {
			h.job.foreign = append(h.job.foreign, id)
		}
	}
	if len(h.job.foreign) > before {
		h.wakeUp()
	}
}

// settle makes ids and rows what is known of the others' handing over.
func (h *Handover) settle(ids, rows wait) {
	h.ids, h.rows = ids, rows
	v := h.view.Load()
	v.past.Store(&ids.past)
	v.unwritten.Store(&rows.past)
}

func (h *Handover) wakeUp() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// IsLeaving reports whether Leaving was called.
func (h *Handover) IsLeaving() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.leaving
}

// Again hands over everything once more.
func (h *Handover) Again() {
	h.mu.Lock()
	defer h.mu.Unlock()
	nobody := newView(members.Set{}, nil, nil)
	nobody.replace()
	h.job.replaced = append(h.job.replaced, nobody)
	h.done = h.done.nothing()
	h.wakeUp()
}

// Leaving says that this sidecar is about to stop: it takes no ids any more. Once it is
// no candidate, it tells the others that nothing comes after what it hands over then.
func (h *Handover) Leaving() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leaving = true
}

// AwaitLeft returns when this sidecar is no candidate and has handed everything over to
// those of the latest set, which Follow is told of, or when ctx ends.
func (h *Handover) AwaitLeft(ctx context.Context, latest func() members.Set) error {
	return h.await(ctx, latest, func(d done) *View { return d.handed })
}

// AwaitWritten returns when, beyond AwaitLeft, they know that all is written.
func (h *Handover) AwaitWritten(ctx context.Context, latest func() members.Set) error {
	return h.await(ctx, latest, func(d done) *View { return d.written })
}

// await returns when of is a View of the latest set, in which this sidecar is no
// candidate.
func (h *Handover) await(ctx context.Context, latest func() members.Set, of func(done) *View) error {
	for {
		h.mu.Lock()
		d := h.done
		h.mu.Unlock()
		if v := of(d); v != nil && v.digest == digest(latest()) && !v.Has(h.o.Writer) {
			return nil
		}
		select {
		case <-d.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
