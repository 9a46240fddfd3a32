package flush

import "slices"

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
	// the last one it knows of. Another copy of the spool has written since.
	moveHold
)

// compare sets the ledger's number of a lane against the spool's: the last
// number that the spool knows to be applied, and the numbers of its frozen
// batches in order. A ledger row that is missing counts as 0.
func compare(ledger, applied uint64, frozen []uint64) move {
	switch {
	case ledger == applied:
		return moveOn
	case ledger < applied:
		return moveReplay
	case slices.Contains(frozen, ledger):
		return moveConfirm
	default:
		return moveHold
	}
}
