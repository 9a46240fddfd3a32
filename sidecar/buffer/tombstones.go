package buffer

import (
	"cmp"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// tombstoneAge is how long late updates of an erased learner are told.
	tombstoneAge = 30 * 24 * time.Hour
	// maxTombstones bounds their number; the oldest finished ones go first.
	maxTombstones = 10_000
)

// tombstone says that a learner was erased. userID is kept while the database
// may have to erase the learner, which needs it: until done, and for as long
// after that as a failover could undo it.
type tombstone struct {
	at     progress.Instant
	userID string
	done   progress.Instant // 0 for not yet, or for long ago
}

// pending says that the database has not erased the learner yet.
func (t tombstone) pending() bool { return t.userID != "" && t.done == 0 }

// finished says that the database has erased the learner, who is not forgotten
// yet.
func (t tombstone) finished() bool { return t.userID != "" && t.done != 0 }

// tombstones are those of the erased learners.
type tombstones map[learnerID]tombstone

// covers reports whether what happened at the given instant happened before the
// learner was erased.
func (ts tombstones) covers(id learnerID, at progress.Instant) bool {
	t, ok := ts[id]
	return ok && at <= t.at
}

// add enters a tombstone, and drops those that are too old or too many, which it
// returns. It returns false, and changes nothing, when there is no room for it.
func (ts tombstones) add(id learnerID, t tombstone) (dropped []learnerID, ok bool) {
	oldest := t.at - progress.Instant(tombstoneAge.Microseconds())
	type candidate struct {
		id learnerID
		at progress.Instant
	}
	var others []candidate
	waiting := 0
	for other, t := range ts {
		switch {
		case other == id:
		case t.pending():
			waiting++
		default:
			others = append(others, candidate{other, t.at})
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
func (ts tombstones) finish(id learnerID, of Erasure, done progress.Instant) (tombstone, bool) {
	return ts.change(id, of, func(t *tombstone) { t.done = done })
}

// forget takes the learner's id out of a tombstone, which stays. It returns false
// as finish does.
func (ts tombstones) forget(id learnerID, of Erasure) (tombstone, bool) {
	return ts.change(id, of, func(t *tombstone) { t.userID, t.done = "", 0 })
}

func (ts tombstones) change(id learnerID, of Erasure, edit func(*tombstone)) (tombstone, bool) {
	t, ok := ts[id]
	if !ok || t.userID == "" || t.at > of.At {
		return t, false
	}
	edit(&t)
	ts[id] = t
	return t, true
}

// erasures are those of the given kind, the one that was ordered first in front.
func (ts tombstones) erasures(kind func(tombstone) bool) []Erasure {
	var all []Erasure
	for _, t := range ts {
		if kind(t) {
			all = append(all, Erasure{t.userID, t.at, t.done})
		}
	}
	slices.SortFunc(all, func(a, b Erasure) int { return cmp.Compare(a.At, b.At) })
	return all
}
