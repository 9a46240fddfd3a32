package flush

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// wrote notes that the database has taken a batch, and lets the lanes try again
// what it refused.
func (g *gate) wrote() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written++
	g.aside = 0
	doubted := false
	for i := range g.lanes {
		if g.lanes[i].verdict == verdictDoubt {
			g.lanes[i].notBefore = time.Time{}
			doubted = true
		}
	}
	if doubted {
		g.broadcastLocked()
	}
}

func (g *gate) setAside() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.aside++
}

// witness returns how often something was written, and how many records were
// set aside since.
func (g *gate) witness() (written uint64, aside int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.written, g.aside
}

// doubted ends an attempt of which nobody knows whether the record or the table
// is at fault. With rest the lane has nothing else to try, with against it is kept
// back as a whole until the next probe.
func (g *gate) doubted(a attempt, f postgres.Failure, rest, against bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.AttemptFailed(f)
	g.contactLocked(true)
	if against {
		f = tableRefuses(f)
	}
	now := time.Now()
	t := &g.lanes[a.lane]
	if t.failures == 0 {
		t.since = now
	}
	t.failures++
	t.failure, t.verdict, t.written, t.notBefore = f, verdictDoubt, g.written, time.Time{}
	t.probe = now.Add(jitter(g.policyLocked().probeInterval(), g.chance()))
	if against {
		t.notBefore = t.probe
	}
	if rest || against {
		g.standing = attemptFailure{a.number, f}
	}
	g.leaveLocked(a)
	g.reportLocked()
	g.broadcastLocked()
}

// undoubted ends the lane's trouble with what is in doubt no more.
func (g *gate) undoubted(lane int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lanes[lane].verdict == verdictDoubt {
		g.lanes[lane] = trouble{}
		g.reportLocked()
		g.broadcastLocked()
	}
}

// probeWait is how long what is in doubt waits although nothing is written.
func (g *gate) probeWait(lane int, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lanes[lane].probe.Sub(now)
}
