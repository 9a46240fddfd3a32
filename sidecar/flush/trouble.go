package flush

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// trouble is a run of failures. The zero value is none.
type trouble struct {
	failures  int
	failure   postgres.Failure
	verdict   verdict
	since     time.Time
	notBefore time.Time
	// probe is when, with verdictDoubt, what is in doubt is tried although nothing
	// was written; written is the gate's count until then.
	probe   time.Time
	written uint64
	// quiet, with verdictDoubt: the lane has nothing else, and no attempt is under way.
	quiet bool
	// final, with verdictDoubt: there was nothing left that could tell, or enough was
	// refused.
	final bool
	// atClaim: the failure was one of taking the session, not of writing.
	atClaim bool
	// counted is the newest attempt when the last failure was counted. What
	// started before it failed of the same cause and is not counted again.
	counted uint64
}

func (t trouble) phase() Phase {
	switch {
	case t.failures == 0, t.verdict == verdictDoubt && !t.final:
		return PhaseWorking
	case t.verdict == verdictHold, t.verdict == verdictDoubt:
		return PhaseHeld
	case t.verdict == verdictPark:
		return PhaseParked
	default:
		return PhaseRetrying
	}
}

// countLocked adds a failure to t and says when to try again.
func (g *gate) countLocked(t *trouble, attempt uint64, f postgres.Failure) action {
	now := time.Now()
	if t.failures == 0 {
		t.since = now
	}
	if t.failures == 0 || attempt > t.counted {
		t.failures++
		t.counted = g.attempts
	}
	if !ofLane(f) {
		g.outages++
	}
	act := decide(f, t.failures, g.policyLocked(), g.chance())
	t.failure, t.verdict, t.notBefore = f, act.verdict, now.Add(act.delay)
	return act
}
