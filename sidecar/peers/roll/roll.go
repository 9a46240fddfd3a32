package roll

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

const (
	// Period between two calls, give or take a tenth, so that sidecars that started
	// together don't call together.
	Period = 20 * time.Second
	jitter = 0.1
	// enrollPatience bounds one call.
	enrollPatience = 5 * time.Second
	// leavePatience bounds the last call, which a pod's end waits for.
	leavePatience = 2 * time.Second
	// lookPatience bounds the wait of a connection whose key is not known.
	lookPatience = 2 * time.Second
	// tidyPeriod is how often a sidecar removes rows of those that are gone.
	tidyPeriod = time.Hour
)

// ErrEnded says that Run has ended, and that nobody asks the registry any more.
var ErrEnded = errors.New("the sidecar is not on the roll any more")

// Roll is a sidecar's place among the others. Its methods may be called from
// several goroutines, Run from one and once.
type Roll struct {
	options Options
	set     atomic.Pointer[members.Set]
	leaving atomic.Bool
	left    atomic.Bool
	// wake makes Run look whether somebody waits for a call.
	wake  chan struct{}
	ended chan struct{}

	mu sync.Mutex
	// waiting is the call that has not begun and that somebody waits for, or nil.
	waiting *call
	changed chan struct{}
}

// call is one call of the registry, for those who wait for it.
type call struct {
	done    chan struct{}
	err     error // to be read when done is closed
	urgency urgency
}

// urgency is why somebody waits for a call out of turn, the most urgent last.
type urgency int

const (
	none    urgency = iota
	missing         // a peer can't be reached, and may have left
	strange         // somebody shows a key that is not known
	parting         // this sidecar leaves, and waits for no pause
)

// New does no I/O. Until the registry has answered, the sidecar knows nobody.
func New(options Options) *Roll {
	r := &Roll{options: options, wake: make(chan struct{}, 1), ended: make(chan struct{}), changed: make(chan struct{})}
	r.set.Store(&members.Set{})
	return r
}

// Set is who there is.
func (r *Roll) Set() members.Set { return *r.set.Load() }

// Changed is closed when the next Set is there. Ask for it before asking for the
// Set, so that no change is missed.
func (r *Roll) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Known reports whether a member may show a key. For one that it does not know it
// asks the registry, and waits up to two seconds for the answer.
func (r *Roll) Known(f members.Fingerprint) bool {
	if _, ok := r.Set().Known(f); ok {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookPatience)
	defer cancel()
	if r.Look(ctx) != nil {
		return false
	}
	_, ok := r.Set().Known(f)
	return ok
}

// Look asks the registry out of turn and returns when the Set is up to date. Such
// calls are half a second apart, and further while they bring nothing new; all who wait
// share the next one.
func (r *Roll) Look(ctx context.Context) error { return r.await(ctx, strange) }

// Miss is Look for a peer that can't be reached. Its pauses are its own: a peer that is
// dead brings nothing new for a minute, and the keys of those that come meanwhile must
// not wait for that.
func (r *Roll) Miss(ctx context.Context) error { return r.await(ctx, missing) }

// SayLeaving tells the others that nothing should be handed on to this sidecar any
// more, and returns when the registry has it. It stays on the roll, and its keys are
// known, until Run ends; and for a minute after that, as if it had been killed, where
// nobody called Left before.
func (r *Roll) SayLeaving(ctx context.Context) error {
	r.leaving.Store(true)
	return r.await(ctx, parting)
}

// Left says that the others have all that this sidecar, which leaves, owed them, so that
// they need not wait for it once Run has ended.
func (r *Roll) Left() { r.left.Store(true) }

// goesAtOnce reports whether the roll is left as soon as Run ends.
func (r *Roll) goesAtOnce() bool { return !r.leaving.Load() || r.left.Load() }

// await waits for a call that begins after this moment.
func (r *Roll) await(ctx context.Context, why urgency) error {
	r.mu.Lock()
	if r.waiting == nil {
		r.waiting = &call{done: make(chan struct{})}
	}
	c := r.waiting
	c.urgency = max(c.urgency, why)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	select {
	case <-c.done:
		return c.err
	case <-r.ended:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wanted is why somebody waits for a call, none if nobody does.
func (r *Roll) wanted() urgency {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == nil {
		return none
	}
	return r.waiting.urgency
}

// begin takes the call that is waited for, if any: who comes later waits for the
// next one.
func (r *Roll) begin() *call {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.waiting
	r.waiting = nil
	return c
}

// publish puts a set in the place of the last one.
func (r *Roll) publish(s members.Set) {
	r.set.Store(&s)
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.changed)
	r.changed = make(chan struct{})
}
