package flush

import (
	"errors"
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

// Classes of failures that the database knows nothing of.
const (
	// ClassFenced: a newer process has taken over this spool's ledger rows.
	ClassFenced postgres.Class = "Fenced"
	// ClassStaleSpool: the ledger is ahead of everything that the spool knows.
	ClassStaleSpool postgres.Class = "StaleSpool"
	// ClassTableRefuses: the database refuses one record after the other.
	ClassTableRefuses postgres.Class = "TableRefuses"
	// ClassStopping: the sidecar is shutting down.
	ClassStopping postgres.Class = "Stopping"
)

func fenced() postgres.Failure {
	return postgres.Failure{
		Class: ClassFenced, Kind: postgres.KindServer, Retry: postgres.Hold,
		Message: "Another sidecar has taken over this spool and writes under its writer id; " +
			"this one keeps what it accepts on disk and writes no more. " +
			"Make sure that only one sidecar uses the spool, then restart this pod.",
	}
}

func staleSpool() postgres.Failure {
	return postgres.Failure{
		Class: ClassStaleSpool, Kind: postgres.KindServer, Retry: postgres.Hold,
		Message: "The database holds later batches of this writer than the spool knows of, " +
			"so the spool is an old copy; its data is held and not written. " +
			"Bring back the newest spool, or start with an empty one and keep this for inspection.",
	}
}

// tableRefuses is the failure of a table that has refused so many records, and
// taken none, that it must be at fault.
func tableRefuses(f postgres.Failure) postgres.Failure {
	return postgres.Failure{
		Class: ClassTableRefuses, Kind: postgres.KindServer, Retry: postgres.Hold, SQLState: f.SQLState, Constraint: f.Constraint,
		Message: "Postgres refuses every record (SQLSTATE " + f.SQLState + "), so the fault is the table's: a trigger, a rule, a policy or " +
			"a constraint of it. Look into the server's log and mend it; all is kept and tried again by itself.",
	}
}

// claimFailure is what is wrong when a session, or a sign of life, can't be had.
func claimFailure(err error) postgres.Failure {
	if errors.Is(err, errStaleSpool) {
		return staleSpool()
	}
	return postgres.Classify(err)
}

func stopping() postgres.Failure {
	return postgres.Failure{
		Class: ClassStopping, Kind: postgres.KindServer, Retry: postgres.Transient,
		Message: "The sidecar is shutting down; what it accepted is on its disk and is written at its next start.",
	}
}

// connected reports whether a session with the database was had in spite of
// the failure.
func connected(f postgres.Failure) bool {
	switch f.Class {
	case postgres.Unreachable, postgres.Refused, postgres.NoDatabase,
		postgres.SecretMissing, postgres.SecretInvalid:
		return false
	case postgres.ShuttingDown:
		return f.SQLState == queryCanceled
	case postgres.Overloaded:
		return f.SQLState != tooManyConnections
	default:
		return true
	}
}

const (
	queryCanceled      = "57014"
	lockNotAvailable   = "55P03"
	tooManyConnections = "53300"
)

// ofLane reports whether the failure is one lane's own: it says nothing about
// how another lane would fare.
func ofLane(f postgres.Failure) bool {
	return f.Class == postgres.Conflict || f.Class == ClassStaleSpool ||
		f.SQLState == queryCanceled || f.SQLState == lockNotAvailable
}
