package flush

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// asideRun is a run of records that were set aside for the same cause, while
// nothing was written.
type asideRun struct {
	state, constraint string
	records           int
}

func (r asideRun) of(f postgres.Failure) asideRun {
	if r.state != f.SQLState || r.constraint != f.Constraint {
		return asideRun{state: f.SQLState, constraint: f.Constraint}
	}
	return r
}

// wrote notes that the database has taken a batch, and lets the lanes try again
// what it refused.
func (g *gate) wrote() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.written++
	g.aside = asideRun{}
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

// setAside notes that a record was set aside.
func (g *gate) setAside(f postgres.Failure) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.aside = g.aside.of(f)
	g.aside.records++
}

// asideLike returns how many records were set aside for the same cause since
// something was written.
func (g *gate) asideLike(f postgres.Failure) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.aside.of(f).records
}

// witness returns how often something was written.
func (g *gate) witness() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.written
}

// doubted is what a lane knows when an attempt has ended in doubt.
type doubted struct {
	// against: so much is in doubt that the lane is kept back as a whole until the
	// next probe.
	against bool
	// quiet: the lane holds nothing but what is in doubt.
	quiet bool
	// final: nor does another lane, so that there is nothing left that could tell.
	final bool
}

// doubted ends an attempt of which nobody knows whether the record or the table
// is at fault.
func (g *gate) doubted(a attempt, f postgres.Failure, d doubted) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.observer.AttemptFailed(f)
	g.contactLocked(true)
	if d.against {
		f = tableRefuses(f)
	}
	now := time.Now()
	t := &g.lanes[a.lane]
	if t.failures == 0 {
		t.since = now
	}
	t.failures++
	t.failure, t.verdict, t.written, t.notBefore = f, verdictDoubt, g.written, time.Time{}
	t.quiet, t.final = d.quiet, t.final || d.final || d.against
	t.probe = now.Add(jitter(g.policyLocked().probeInterval(), g.chance()))
	if d.against {
		t.notBefore = t.probe
	}
	if d.final {
		g.standing = attemptFailure{attempt: a.number, failure: f, undecided: !d.against}
	}
	g.leaveLocked(a)
	g.reportLocked()
	g.broadcastLocked()
}

// undecidedSince reports whether an attempt later than the given one has left
// nothing but what is in doubt, so that waiting brings no verdict.
func (g *gate) undecidedSince(attempt uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.standing.undecided && g.standing.attempt > attempt
}

// quiet reports whether the lane has no attempt under way and holds nothing but
// what is in doubt.
func (g *gate) quiet(lane int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.lanes[lane].quiet
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
