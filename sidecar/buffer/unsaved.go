package buffer

import (
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Filter chooses keys; an empty field matches all.
type Filter struct{ UserID, CourseID, LessonID string }

func (f Filter) matches(k *progress.Key) bool {
	return (f.UserID == "" || f.UserID == k.UserID) &&
		(f.CourseID == "" || f.CourseID == k.CourseID) &&
		(f.LessonID == "" || f.LessonID == k.LessonID)
}

// Unsaved is what the buffer has of one key, none of which is saved.
type Unsaved struct {
	// Record is the pending and the frozen record and the strays merged.
	Record progress.Record
	// PendingUpdates and InFlightUpdates were accepted and are not saved; the
	// latter are in a frozen batch.
	PendingUpdates, InFlightUpdates int64
}

// unsaved is the part of a Buffer that tells what is not saved.
type unsaved struct{ *core }

// Unsaved returns what is not saved of the keys that f matches, sorted by key. That a
// learner left is nothing to save.
func (u *unsaved) Unsaved(f Filter) []Unsaved {
	var all []Unsaved
	for _, l := range u.lanes {
		all = l.unsaved(all, f)
	}
	slices.SortFunc(all, func(a, b Unsaved) int { return a.Record.Compare(b.Record.Key) })
	return all
}

// Tally is how much is not saved of some keys.
type Tally struct {
	Records int // with one for each key
	// The updates are counted as in Unsaved.
	PendingUpdates, InFlightUpdates int64
	// NextDue is when the first of the records that are pending is due, the zero time
	// for never.
	NextDue time.Time
}

// Tally counts what Unsaved returns, without making the records.
func (u *unsaved) Tally(f Filter) (t Tally) {
	rules, next := u.dueRules(u.policy.Load()), never
	for _, l := range u.lanes {
		next = min(next, l.tally(&t, f, rules))
	}
	if next < never {
		t.NextDue = u.clock.time(max(next, u.clock.read().elapsed))
	}
	return t
}
