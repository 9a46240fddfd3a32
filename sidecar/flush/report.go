package flush

import "time"

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

// calm returns the number of outages so far and whether none goes on.
func (g *gate) calm() (outages uint64, calm bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	calm = g.stopped == nil && g.shared.failures == 0 && g.idle.failures == 0
	for _, t := range g.lanes {
		calm = calm && t.failures == 0
	}
	return g.outages, calm
}

// ended reports whether flushing has stopped for good.
func (g *gate) ended() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped != nil
}
