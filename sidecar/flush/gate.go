package flush

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// errStopped ends a lane for good; see PhaseStopped.
var errStopped = errors.New("flush: stopped for good")

// gate decides when a lane may use the database. A failure that concerns the
// database as a whole is counted for all lanes together, and while it lasts
// only one of them tries at a time: that is the breaker. A failure that is one
// lane's own keeps only that lane back.
type gate struct {
	chance   func() float64
	observer Observer

	mu     sync.Mutex
	policy Policy
	hurry  bool

	shared trouble
	lanes  []trouble
	// idle is the trouble of the health check. It keeps no lane back.
	idle trouble
	// probing is the lane whose attempt is under way while shared fails, or
	// nobody.
	probing int

	// entering counts the lanes that wait for their turn or have it.
	entering int
	attempts uint64
	// outages counts the failures after which another server, or an older
	// state of the same, may answer.
	outages uint64
	// written counts the batches that have changed rows.
	written uint64
	aside   asideRun
	// standing is the last failure that was not tried again at once.
	standing attemptFailure
	stopped  *trouble

	reachable      *bool
	reachableSince time.Time
	contact        time.Time
	changed        chan struct{}
}

const nobody = -1

type attemptFailure struct {
	attempt uint64
	failure postgres.Failure
	// undecided: it leaves nothing but what is in doubt.
	undecided bool
}

// attempt is the right of a lane to use the database once.
type attempt struct {
	lane   int
	number uint64
}

func newGate(lanes int, p Policy, chance func() float64, o Observer) *gate {
	return &gate{
		chance: chance, observer: o, policy: p,
		lanes: make([]trouble, lanes), probing: nobody,
		changed: make(chan struct{}),
	}
}

// enter waits until the lane may make an attempt. The attempt ends with
// succeeded, settled, failed, refused or given back.
func (g *gate) enter(ctx context.Context, lane int) (a attempt, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entering++
	for {
		if err = ctx.Err(); g.stopped != nil {
			err = errStopped
		}
		if err != nil {
			g.entering--
			return attempt{}, err
		}
		wait, changed := g.waitLocked(lane, time.Now()), g.changed
		if wait <= 0 {
			return g.startLocked(lane), nil
		}
		g.mu.Unlock()
		sleep(ctx, wait, changed)
		g.mu.Lock()
	}
}

func (g *gate) waitLocked(lane int, now time.Time) time.Duration {
	if g.probing != nobody && g.probing != lane {
		return forever
	}
	return max(g.shared.notBefore.Sub(now), g.lanes[lane].notBefore.Sub(now))
}

func (g *gate) startLocked(lane int) attempt {
	g.attempts++
	g.lanes[lane].quiet = false
	if g.shared.failures > 0 {
		g.probing = lane
	}
	if g.shared.failures > 0 || g.lanes[lane].failures > 0 {
		g.observer.Retried()
	}
	return attempt{lane, g.attempts}
}

// succeeded ends an attempt that the database has carried out.
func (g *gate) succeeded(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.contactLocked(true)
	g.clearLocked(a, true)
}

// settled ends an attempt that got a session with the database and found
// nothing to write. That says nothing about a failure of writing.
func (g *gate) settled(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.contactLocked(true)
	g.clearLocked(a, g.shared.atClaim || !connected(g.shared.failure))
}

// givenBack ends an attempt that came to nothing, as at a shutdown.
func (g *gate) givenBack(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leaveLocked(a)
}

// leaveLocked lets the other lanes in again.
func (g *gate) leaveLocked(a attempt) {
	g.entering--
	if g.probing == a.lane {
		g.probing = nobody
		g.broadcastLocked()
	}
}

func (g *gate) clearLocked(a attempt, whole bool) {
	had := g.lanes[a.lane].failures > 0 || g.idle.failures > 0 || whole && g.shared.failures > 0
	if t := &g.lanes[a.lane]; t.verdict != verdictDoubt || t.written < g.written {
		*t = trouble{}
	}
	g.idle = trouble{}
	if whole {
		g.shared = trouble{}
	}
	g.leaveLocked(a)
	if had {
		g.reportLocked()
		g.broadcastLocked()
	}
}

// failed ends an attempt with a failure that is not the fault of the data of a
// batch. atClaim says that it got no further than taking the session.
func (g *gate) failed(a attempt, f postgres.Failure, atClaim bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.AttemptFailed(f)
	g.contactLocked(connected(f))
	// What the health check found before is older news.
	g.idle = trouble{}
	t := &g.shared
	if ofLane(f) {
		t = &g.lanes[a.lane]
	}
	if act := g.countLocked(t, a.number, f); act.delay > 0 {
		g.standing = attemptFailure{attempt: a.number, failure: f}
	}
	t.atClaim = atClaim
	g.leaveLocked(a)
	g.reportLocked()
	g.broadcastLocked()
}

// refused ends an attempt whose batch the database refused for what is in it.
func (g *gate) refused(a attempt, f postgres.Failure) {
	g.observer.AttemptFailed(f)
	g.succeeded(a)
}

// stop ends flushing for good.
func (g *gate) stop(f postgres.Failure) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped == nil {
		g.stopped = &trouble{failures: 1, failure: f, since: time.Now()}
		g.standing = attemptFailure{attempt: g.attempts + 1, failure: f}
		g.reportLocked()
		g.broadcastLocked()
	}
}

func (g *gate) policyLocked() Policy {
	if g.hurry {
		return g.policy.hurried()
	}
	return g.policy
}

func (g *gate) batchSize() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(1, g.policy.BatchSize)
}

func (g *gate) replayWindow() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.policy.ReplayWindow
}

// failedSince returns the failure of an attempt later than the given one.
func (g *gate) failedSince(attempt uint64) (postgres.Failure, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped != nil {
		return g.stopped.failure, true
	}
	return g.standing.failure, g.standing.attempt > attempt
}

// change is closed at the next change of the gate.
func (g *gate) change() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// wake lets the lanes look again at what there is to do.
func (g *gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.broadcastLocked()
}

func (g *gate) broadcastLocked() {
	close(g.changed)
	g.changed = make(chan struct{})
}
