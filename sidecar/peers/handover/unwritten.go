package handover

import "github.com/google/uuid"

// unwritten is what other sidecars may have, of learners of this one, that the database
// lacks. It is a value.
type unwritten struct {
	past []past             // sets of before
	by   map[uuid.UUID]bool // writers that have not said yet that all is written
}

func (w wait) unwritten() unwritten {
	u := unwritten{past: w.past, by: map[uuid.UUID]bool{}}
	for _, writer := range w.awaited() {
		u.by[writer] = true
	}
	return u
}

// has reports whether one that may have been the learner's home has not said it. Before
// its first set a sidecar knew nobody, so that any of the others may have been.
func (u *unwritten) has(learner uint64) bool {
	for i := range u.past {
		if u.past[i].set.Len() == 0 && len(u.by) > 0 {
			return true
		}
		if home, self := u.past[i].set.HomeOf(learner); !self && u.by[home.Writer] {
			return true
		}
	}
	return false
}
