package flush

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// move is what a lane has to do before it may write its next batch, by what
// the ledger says.
type move int

const (
	// moveOn: ledger and spool agree; the next batch may be written.
	moveOn move = iota
	// moveConfirm: the first frozen batch was applied and its answer was lost.
	moveConfirm
	// moveReplay: the database fell back behind what was confirmed.
	moveReplay
	// moveHold: the ledger stands at a number that this spool never used after
	// the last one it knows of, or used for another batch. Another copy of the
	// spool has written since.
	moveHold
)

// place is where the ledger of a lane stands: at the number of a batch, whose
// id is 0 if it is not known or if this process has written it.
type place struct{ number, id uint64 }

func (p place) isOf(b progress.Batch) bool {
	return p.number == b.Number && (p.id == 0 || b.ID == 0 || p.id == b.ID)
}

// compare sets the ledger's place of a lane against the spool: the last number
// that the spool knows to be applied, and its frozen batches in order. A ledger
// row that is missing counts as 0.
func compare(ledger place, applied uint64, frozen []progress.Batch) move {
	switch {
	case ledger.number == applied:
		return moveOn
	case ledger.number < applied:
		return moveReplay
	case slices.ContainsFunc(frozen, ledger.isOf):
		return moveConfirm
	default:
		return moveHold
	}
}
