package flush

import (
	"errors"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// step is what a lane has to do next, by what the ledger says.
type step int

const (
	// stepWrite: ledger and spool agree; the next batch may be written.
	stepWrite step = iota
	// stepConfirm: the first frozen batch was applied and its answer was lost.
	stepConfirm
	// stepReplay: the database fell back behind what was confirmed.
	stepReplay
	// stepHold: the ledger stands at a number that this spool never used after
	// the last one it knows of, or used for another batch. Another copy of the
	// spool has written since.
	stepHold
)

// place is where the ledger of a lane stands: at the number of a batch, whose id
// is 0 if the ledger doesn't know it.
type place struct{ number, id uint64 }

func (p place) isOf(b progress.Batch) bool {
	return p.number == b.Number && (p.id == 0 || b.ID == 0 || p.id == b.ID)
}

// compare sets the ledger's place of a lane against the spool: the last number
// that the spool knows to be applied, and its frozen batches in order. A ledger
// row that is missing counts as 0.
func compare(ledger place, applied uint64, frozen []progress.Batch) step {
	switch {
	case ledger.number == applied:
		return stepWrite
	case ledger.number < applied:
		return stepReplay
	case slices.ContainsFunc(frozen, ledger.isOf):
		return stepConfirm
	default:
		return stepHold
	}
}

// ledgerFailure is what is wrong when the ledger's rows, or a sign of life, can't be
// had.
func ledgerFailure(err error) postgres.Failure {
	if errors.Is(err, errStaleSpool) {
		return staleSpool()
	}
	return postgres.Classify(err)
}

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

// unsteadyLedger is the failure of a ledger that a renewal and the write right
// after it find in two states, as behind a pooler that spreads sessions over
// several servers.
func unsteadyLedger() postgres.Failure {
	return postgres.Failure{
		Class: postgres.Conflict, Kind: postgres.KindServer, Retry: postgres.Transient,
		Message: "The database gives two answers about what was written last; " +
			"make sure that the connection string leads to one primary server only.",
	}
}

// unreplayable is the failure of a batch that was in the database before and
// is refused now. It was acknowledged and saved, so it is never passed over.
func unreplayable(f postgres.Failure) postgres.Failure {
	f.Retry = postgres.Hold
	f.Message = "The database fell back and now refuses a batch that it had before, " +
		"so its tables or constraints differ from then; undo that change, and it is applied again."
	return f
}
