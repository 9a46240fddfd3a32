package breaker

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Phase is what flushing does about the last failure.
type Phase int

const (
	// PhaseWorking: nothing stands in the way, as far as is known.
	PhaseWorking Phase = iota
	// PhaseRetrying: an attempt failed and has retries left.
	PhaseRetrying
	// PhaseParked: the retries are used up and the breaker is open; there is
	// one probe at a time until one succeeds.
	PhaseParked
	// PhaseHeld: a person has to mend something; probed like PhaseParked.
	PhaseHeld
	// PhaseStopped: flushing has ended for good in this process.
	PhaseStopped
)

// Condition is the state of flushing as a whole, the worst of its lanes.
type Condition struct {
	Phase Phase
	// Failure is set in every phase but PhaseWorking, and there too when the
	// database did not answer while nothing had to be written.
	Failure *postgres.Failure
	// Since is when the failures began, zero without Failure.
	Since time.Time
	// Failures in a row.
	Failures int
	// NextAttempt is zero when none is planned.
	NextAttempt time.Time
	// Reachable says whether a session with the database could be had at the
	// last contact, nil before the first; ReachableSince is when that changed.
	Reachable      *bool
	ReachableSince time.Time
}

// streak is a run of failures. The zero value is none.
type streak struct {
	failures  int
	failure   postgres.Failure
	verdict   verdict
	since     time.Time
	notBefore time.Time
	// atLedger: the last failure came before anything was written.
	atLedger bool
	// counted is the attempt that was the newest when the last failure was
	// counted. Attempts that had started by then failed of the same cause, and
	// are not counted again.
	counted uint64

	// The fields below are for a lane with verdictDoubt. probe is when a batch
	// in doubt is tried although nothing was written since; written is how many
	// batches were written until then.
	probe   time.Time
	written uint64
	// quiet: the lane has only batches in doubt, and no attempt is under way.
	quiet bool
	// final: nothing else was left that could have told whose fault it is, or
	// so much was refused that the table must be at fault.
	final bool
}

func (s streak) phase() Phase {
	switch {
	case s.failures == 0, s.verdict == verdictDoubt && !s.final:
		return PhaseWorking
	case s.verdict == verdictHold, s.verdict == verdictDoubt:
		return PhaseHeld
	case s.verdict == verdictPark:
		return PhaseParked
	default:
		return PhaseRetrying
	}
}

// condition is the worst of three: what the lanes have met, what all of them
// have met together, and what the health check has met. Reachable and
// ReachableSince are left to the caller.
func condition(stopped *streak, shared, idle streak, lanes []streak) Condition {
	if stopped != nil {
		return Condition{Phase: PhaseStopped, Failure: &stopped.failure, Since: stopped.since, Failures: stopped.failures}
	}
	worst, phase := idle, PhaseWorking
	if idle.failures > 0 && idle.verdict == verdictHold {
		phase = PhaseHeld
	}
	for _, s := range append([]streak{shared}, lanes...) {
		if p := s.phase(); p > phase {
			worst, phase = s, p
		}
	}
	if worst.failures == 0 {
		return Condition{Phase: phase}
	}
	return Condition{
		Phase: phase, Failure: &worst.failure, Since: worst.since, Failures: worst.failures, NextAttempt: worst.notBefore,
	}
}
