package flush

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// This file is the part of the gate that tells how things stand.

// contactLocked notes whether a session with the database could be had.
func (g *gate) contactLocked(reachable bool) {
	now := time.Now()
	if reachable {
		g.contact = now
	}
	if g.reachable == nil || *g.reachable != reachable {
		g.reachable, g.reachableSince = &reachable, now
		g.reportLocked()
	}
}

func (g *gate) reportLocked() { g.observer.ConditionChanged(g.conditionLocked()) }

// conditionLocked is the worst of what the lanes, all of them together, and
// the health check have met.
func (g *gate) conditionLocked() Condition {
	c := Condition{Reachable: g.reachable, ReachableSince: g.reachableSince}
	if g.stopped != nil {
		c.Phase = PhaseStopped
		c.Failure, c.Since, c.Failures = &g.stopped.failure, g.stopped.since, g.stopped.failures
		return c
	}
	worst, phase := g.idle, PhaseWorking
	if g.idle.failures > 0 && g.idle.verdict == verdictHold {
		phase = PhaseHeld
	}
	for _, t := range append([]trouble{g.shared}, g.lanes...) {
		if p := t.phase(); p > phase {
			worst, phase = t, p
		}
	}
	c.Phase = phase
	if worst.failures > 0 {
		failure := worst.failure
		c.Failure, c.Since, c.Failures = &failure, worst.since, worst.failures
		c.NextAttempt = worst.notBefore
	}
	return c
}

func (t trouble) phase() Phase {
	switch {
	case t.failures == 0:
		return PhaseWorking
	case t.verdict == verdictHold:
		return PhaseHeld
	case t.verdict == verdictPark:
		return PhaseParked
	default:
		return PhaseRetrying
	}
}

// checkDue returns how long the health check has to wait. While lanes use the
// database, or wait to, it is needless.
func (g *gate) checkDue(interval time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.entering > 0 {
		return interval
	}
	if g.idle.failures > 0 {
		return g.idle.notBefore.Sub(now)
	}
	if g.contact.IsZero() {
		return 0
	}
	return g.contact.Add(interval).Sub(now)
}

// calm returns the number of outages so far and whether none goes on.
func (g *gate) calm() (outages uint64, calm bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.outages, g.conditionLocked().Failure == nil
}

// ended reports whether flushing has stopped for good.
func (g *gate) ended() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped != nil
}

// checked notes the result of a health check.
func (g *gate) checked(f *postgres.Failure) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.contactLocked(f == nil || connected(*f))
	if f != nil {
		g.attempts++
		g.countLocked(&g.idle, g.attempts, *f)
		g.reportLocked()
		return
	}
	had := g.idle.failures > 0
	g.idle = trouble{}
	if g.entering == 0 {
		// What was to be written is gone, and with it its trouble.
		had = had || g.shared.failures > 0
		g.shared = trouble{}
	}
	if had {
		g.reportLocked()
		g.broadcastLocked()
	}
}
