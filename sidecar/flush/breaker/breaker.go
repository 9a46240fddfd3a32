package breaker

import (
	"context"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Observer learns what happens. Its methods return quickly and don't call back.
type Observer interface {
	// Retried: an attempt after a failed one starts.
	Retried()
	// ConditionChanged is called in the order of the changes.
	ConditionChanged(Condition)
}

// Breaker hands out attempts to lanes. It is safe for concurrent use.
type Breaker struct {
	chance   func() float64
	observer Observer

	mu      sync.Mutex
	backoff Backoff
	hurry   bool

	shared streak
	lanes  []streak
	// idle is the streak of the health check. It keeps no lane back.
	idle    streak
	stopped *streak
	// probing is the lane whose attempt is under way while shared fails, or
	// nobody.
	probing int

	// busy are the lanes that have something to write: those that were admitted, or
	// wait to be, and have not rested since.
	busy     []bool
	attempts uint64
	// written is the largest Outcome.Written.
	written uint64
	// standing is the last failure that was not tried again at once.
	standing attemptFailure

	reachable      *bool
	reachableSince time.Time
	// contact is when a session with the database was had last.
	contact time.Time
	changed chan struct{}
}

const nobody = -1

// forever stands for "until something changes".
const forever = time.Duration(1<<63 - 1)

type attemptFailure struct {
	attempt uint64
	failure postgres.Failure
	// undecided: it leaves nothing but what is in doubt.
	undecided bool
}

// Attempt is the right of a lane to use the database once.
type Attempt struct {
	lane   int
	number uint64
	// Probe says that what is in doubt may be tried although nothing was written.
	Probe bool
}

// New makes a Breaker for so many lanes. chance returns a number in [0, 1) for
// jitter.
func New(lanes int, b Backoff, chance func() float64, o Observer) *Breaker {
	return &Breaker{
		chance: chance, observer: o, backoff: b,
		lanes: make([]streak, lanes), busy: make([]bool, lanes), probing: nobody,
		changed: make(chan struct{}),
	}
}

// Admit waits until the lane may make an attempt, which ends with Report. It returns
// false when ctx ends or flushing has stopped for good.
func (b *Breaker) Admit(ctx context.Context, lane int) (Attempt, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy[lane] = true
	for {
		if ctx.Err() != nil || b.stopped != nil {
			b.busy[lane] = false
			return Attempt{}, false
		}
		now := time.Now()
		wait, changed := b.waitLocked(lane, now), b.changed
		if wait <= 0 {
			return b.startLocked(lane, now), true
		}
		b.mu.Unlock()
		sleep(ctx, wait, changed)
		b.mu.Lock()
	}
}

func (b *Breaker) waitLocked(lane int, now time.Time) time.Duration {
	if b.probing != nobody && b.probing != lane {
		return forever
	}
	return max(b.shared.notBefore.Sub(now), b.lanes[lane].notBefore.Sub(now))
}

func (b *Breaker) startLocked(lane int, now time.Time) Attempt {
	b.attempts++
	own := &b.lanes[lane]
	own.quiet = false
	if b.shared.failures > 0 {
		b.probing = lane
	}
	if b.shared.failures > 0 || own.failures > 0 {
		b.observer.Retried()
	}
	return Attempt{lane: lane, number: b.attempts, Probe: !own.probe.After(now)}
}

// sleep waits for d, for wake or for the end of ctx.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	var due <-chan time.Time
	if d < forever {
		t := time.NewTimer(d)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-ctx.Done():
	case <-wake:
	case <-due:
	}
}

// Report ends an attempt.
func (b *Breaker) Report(a Attempt, o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.probing == a.lane {
		b.probing = nobody
		b.broadcastLocked()
	}
	b.written = max(b.written, o.Written)
	switch o.Kind {
	case Abandoned:
	case Wrote, Refused:
		b.contactLocked(true)
		b.clearLocked(a, true)
	case Reached:
		b.contactLocked(true)
		b.clearLocked(a, b.shared.atLedger || !b.shared.failure.Connected())
	case Failed:
		b.failedLocked(a, o)
	case Doubted:
		b.doubtedLocked(a, o)
	case Stopped:
		b.stopLocked(o.Failure)
	}
	b.retryDoubtsLocked()
}

// Rest notes that the lane has nothing to write. After a failed attempt it has, so
// that its streak goes on while nothing but the health check uses the database.
func (b *Breaker) Rest(lane int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy[lane] = false
}

// clearLocked ends the lane's streak and, with shared, that of all lanes together.
func (b *Breaker) clearLocked(a Attempt, shared bool) {
	had := b.lanes[a.lane].failures > 0 || b.idle.failures > 0 || shared && b.shared.failures > 0
	if own := &b.lanes[a.lane]; own.verdict != verdictDoubt || own.written < b.written {
		*own = streak{}
	}
	b.idle = streak{}
	if shared {
		b.shared = streak{}
	}
	if had {
		b.changeLocked()
	}
}

func (b *Breaker) failedLocked(a Attempt, o Outcome) {
	b.contactLocked(o.Failure.Connected())
	// What the health check found before is older news.
	b.idle = streak{}
	s := &b.shared
	if o.OwnLane {
		s = &b.lanes[a.lane]
	}
	if act := b.countLocked(s, a.number, o.Failure); act.delay > 0 {
		b.standing = attemptFailure{attempt: a.number, failure: o.Failure}
	}
	s.atLedger = o.AtLedger
	b.changeLocked()
}

// countLocked adds a failure to s and says when to try again.
func (b *Breaker) countLocked(s *streak, attempt uint64, f postgres.Failure) action {
	now := time.Now()
	if s.failures == 0 {
		s.since = now
	}
	if s.failures == 0 || attempt > s.counted {
		s.failures++
		s.counted = b.attempts
	}
	act := decide(f, s.failures, b.backoffLocked(), b.chance())
	s.failure, s.verdict, s.notBefore = f, act.verdict, now.Add(act.delay)
	return act
}

func (b *Breaker) doubtedLocked(a Attempt, o Outcome) {
	b.contactLocked(true)
	now := time.Now()
	s := &b.lanes[a.lane]
	if s.failures == 0 {
		s.since = now
	}
	s.failures++
	s.failure, s.verdict, s.written, s.notBefore = o.Failure, verdictDoubt, o.Written, time.Time{}
	s.quiet, s.final = o.Doubt.Quiet, s.final || o.Doubt.Final || o.Doubt.AgainstTable
	s.probe = now.Add(Jitter(b.backoffLocked().probeInterval(), b.chance()))
	if o.Doubt.AgainstTable {
		s.notBefore = s.probe
	}
	if o.Doubt.Final {
		b.standing = attemptFailure{attempt: a.number, failure: o.Failure, undecided: !o.Doubt.AgainstTable}
	}
	b.changeLocked()
}

// retryDoubtsLocked lets lanes try their batches in doubt once something else
// was written.
func (b *Breaker) retryDoubtsLocked() {
	wake := false
	for i := range b.lanes {
		if s := &b.lanes[i]; s.verdict == verdictDoubt && s.written < b.written {
			s.notBefore = time.Time{}
			wake = true
		}
	}
	if wake {
		b.broadcastLocked()
	}
}

func (b *Breaker) stopLocked(f postgres.Failure) {
	if b.stopped != nil {
		return
	}
	b.stopped = &streak{failures: 1, failure: f, since: time.Now()}
	b.standing = attemptFailure{attempt: b.attempts + 1, failure: f}
	b.changeLocked()
}

// contactLocked notes whether a session with the database could be had.
func (b *Breaker) contactLocked(reachable bool) {
	now := time.Now()
	if reachable {
		b.contact = now
	}
	if b.reachable == nil || *b.reachable != reachable {
		b.reachable, b.reachableSince = &reachable, now
		b.tellLocked()
	}
}

// changeLocked tells everybody that the condition has changed.
func (b *Breaker) changeLocked() {
	b.tellLocked()
	b.broadcastLocked()
}

func (b *Breaker) tellLocked() {
	c := condition(b.stopped, b.shared, b.idle, b.lanes)
	c.Reachable, c.ReachableSince = b.reachable, b.reachableSince
	b.observer.ConditionChanged(c)
}

func (b *Breaker) broadcastLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *Breaker) backoffLocked() Backoff {
	if b.hurry {
		return b.backoff.hurried()
	}
	return b.backoff
}
