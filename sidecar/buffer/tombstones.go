package buffer

import (
	"cmp"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

const (
	// tombstoneAge is how long late updates of an erased learner are told.
	tombstoneAge = 30 * 24 * time.Hour
	// maxTombstones bounds their number; the oldest finished ones go first.
	maxTombstones = 10_000
)

// pendingErasure says that the database has not erased the learner yet.
func pendingErasure(t spool.Tombstone) bool { return t.UserID != "" && t.Done == 0 }

// finishedErasure says that the database has erased the learner, who is not
// forgotten yet.
func finishedErasure(t spool.Tombstone) bool { return t.UserID != "" && t.Done != 0 }

// tombstones are those of the erased learners. A learner's id is kept while the
// database may have to erase the learner, which needs it: until done, and for as
// long after that as a failover could undo it.
type tombstones map[spool.LearnerID]spool.Tombstone

// covers reports whether what happened at the given instant happened before the
// learner was erased.
func (ts tombstones) covers(id spool.LearnerID, at progress.Instant) bool {
	t, ok := ts[id]
	return ok && at <= t.At
}

// add enters a tombstone, drops those that are too old or too many, and returns
// the ids of the dropped. It returns false, and changes nothing, when there is
// no room for the tombstone.
func (ts tombstones) add(id spool.LearnerID, t spool.Tombstone) (dropped []spool.LearnerID, ok bool) {
	oldest := t.At - progress.Instant(tombstoneAge.Microseconds())
	type candidate struct {
		id spool.LearnerID
		at progress.Instant
	}
	var others []candidate
	waiting := 0
	for other, t := range ts {
		switch {
		case other == id:
		case pendingErasure(t):
			waiting++
		default:
			others = append(others, candidate{other, t.At})
		}
	}
	if waiting >= maxTombstones {
		return nil, false
	}
	slices.SortFunc(others, func(a, b candidate) int { return cmp.Compare(a.at, b.at) })
	for i, o := range others {
		if o.at > oldest && len(others)-i+waiting < maxTombstones {
			break
		}
		delete(ts, o.id)
		dropped = append(dropped, o.id)
	}
	ts[id] = t
	return dropped, true
}

// finish notes when the database had erased the learner. It returns false if the
// erasure is not known, or was ordered again since.
func (ts tombstones) finish(id spool.LearnerID, of Erasure, done progress.Instant) (spool.Tombstone, bool) {
	return ts.change(id, of, func(t *spool.Tombstone) { t.Done = done })
}

// forget takes the learner's id out of the tombstone, which stays. It returns
// false where finish would.
func (ts tombstones) forget(id spool.LearnerID, of Erasure) (spool.Tombstone, bool) {
	return ts.change(id, of, func(t *spool.Tombstone) { t.UserID, t.Done = "", 0 })
}

func (ts tombstones) change(id spool.LearnerID, of Erasure, edit func(*spool.Tombstone)) (spool.Tombstone, bool) {
	t, ok := ts[id]
	if !ok || t.UserID == "" || t.At > of.At {
		return t, false
	}
	edit(&t)
	ts[id] = t
	return t, true
}

// erasures are those of the given kind, the one that was ordered first in front.
func (ts tombstones) erasures(kind func(spool.Tombstone) bool) []Erasure {
	var all []Erasure
	for _, t := range ts {
		if kind(t) {
			all = append(all, Erasure{t.UserID, t.At, t.Done})
		}
	}
	slices.SortFunc(all, func(a, b Erasure) int { return cmp.Compare(a.At, b.At) })
	return all
}
