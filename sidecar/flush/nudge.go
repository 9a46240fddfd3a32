package flush

import "time"

// nudge lets every lane make an attempt now and returns the number of the last
// attempt before.
func (g *gate) nudge() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.nudgeLocked()
	return g.attempts
}

// nudgeAgain repeats a nudge that came while the attempt before was still under
// way and has failed since, if no attempt has started after it.
func (g *gate) nudgeAgain(last uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.attempts > last {
		return
	}
	for lane := range g.lanes {
		if w := g.waitLocked(lane, now); w > 0 && w < forever {
			g.nudgeLocked()
			return
		}
	}
}

// recheck is a nudge after which idle lanes look at the ledger too, and the
// health check at the connection.
func (g *gate) recheck() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.contact = time.Time{}
	g.outages++
	g.nudgeLocked()
}

func (g *gate) nudgeLocked() {
	g.shared.notBefore, g.idle.notBefore = time.Time{}, time.Time{}
	for i := range g.lanes {
		g.lanes[i].notBefore, g.lanes[i].probe = time.Time{}, time.Time{}
	}
	g.broadcastLocked()
}

func (g *gate) setPolicy(p Policy) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.policy = p
	g.nudgeLocked()
}

// setHurry shortens all delays for a shutdown.
func (g *gate) setHurry() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hurry = true
	g.nudgeLocked()
}
