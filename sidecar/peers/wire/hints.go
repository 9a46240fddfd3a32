package wire

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Hint is what an update of a batch says about when to write. Hints stand behind all
// updates, so that a body without its hints is one that every sidecar of this Version
// reads; those that read hints say so with ReadsHeader.
type Hint struct {
	Index      int // of the update in its batch, from 0
	Leaving    bool
	SyncWithin progress.Number
}

// MaxHintBytes is the most that one hint takes in a body.
const MaxHintBytes = binary.MaxVarintLen32 + 1 + 8

// What the byte behind a hint's index says.
const (
	hintLeaving    = 1 << 0
	hintSyncWithin = 1 << 1 // a number follows

	leastHint = 2 // an index and the bits
)

// HintOf is the hint of an update, and false for one that has none.
func HintOf(index int, u *progress.Update) (Hint, bool) {
	return Hint{Index: index, Leaving: u.Leaving, SyncWithin: u.SyncWithin}, u.Leaving || u.SyncWithin.Set
}

// AppendHints writes the hints of a batch, in the order of its updates. It writes
// nothing where there are none.
func AppendHints(dst []byte, hints []Hint) []byte {
	if len(hints) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(hints)))
	for _, h := range hints {
		dst = binary.AppendUvarint(dst, uint64(h.Index))
		var bits byte
		if h.Leaving {
			bits |= hintLeaving
		}
		if !h.SyncWithin.Set {
			dst = append(dst, bits)
			continue
		}
		dst = appendFloat(append(dst, bits|hintSyncWithin), h.SyncWithin.Value)
	}
	return dst
}

// hints reads what AppendHints wrote into the updates that it belongs to. There are none
// only where something else follows.
func (d *decoder) hints(updates []progress.Update) {
	n := d.count(leastHint)
	if n == 0 && len(d.rest) == 0 {
		d.fail(errMalformed)
	}
	next := 0 // the first index that may follow
	for range n {
		index, bits := d.uvarint(), d.byte()
		if d.err != nil {
			return
		}
		if index < uint64(next) || index >= uint64(len(updates)) || bits == 0 || bits&^(hintLeaving|hintSyncWithin) != 0 {
			d.fail(errMalformed)
			return
		}
		u := &updates[index]
		u.Leaving = bits&hintLeaving != 0
		if bits&hintSyncWithin != 0 {
			u.SyncWithin = progress.Some(d.float())
			if v := u.SyncWithin.Value; v <= 0 || v > progress.MaxSyncWithin {
				d.fail(errMalformed) // also for what was no number
			}
		}
		next = int(index) + 1
	}
}
