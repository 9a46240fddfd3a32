package buffer

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Filter chooses keys; an empty field matches all.
type Filter struct{ UserID, CourseID, LessonID string }

func (f Filter) matches(k *progress.Key) bool {
	return (f.UserID == "" || f.UserID == k.UserID) &&
		(f.CourseID == "" || f.CourseID == k.CourseID) &&
		(f.LessonID == "" || f.LessonID == k.LessonID)
}

// Held is what the buffer holds of one key.
type Held struct {
	// Record is the pending and the frozen record merged.
	Record progress.Record
	// PendingUpdates and InFlightUpdates were accepted and are not saved; the
	// latter are in a frozen batch.
	PendingUpdates, InFlightUpdates int64
}

// Held returns what is not saved of the keys that f matches, sorted by key.
func (b *Buffer) Held(f Filter) []Held {
	var all []Held
	for _, l := range b.lanes {
		all = l.held(all, f)
	}
	slices.SortFunc(all, func(a, b Held) int { return a.Record.Compare(b.Record.Key) })
	return all
}

func (l *lane) held(all []Held, f Filter) []Held {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending.each(f, func(e *entry) {
		h := Held{Record: e.record, PendingUpdates: waiting(&e.record)}
		for fl := l.frozen.flights[e.key]; fl != nil; fl = fl.next {
			h.Record = join(h.Record, *fl.record)
			h.InFlightUpdates += waiting(fl.record)
		}
		all = append(all, h)
	})
	for key, fl := range l.frozen.flights {
		if l.pending.entries[key] != nil || !f.matches(&fl.record.Key) {
			continue
		}
		var h Held
		h.Record, h.InFlightUpdates = fl.joined()
		all = append(all, h)
	}
	return all
}

// Tally is how much is not saved of some keys.
type Tally struct {
	Records int // with one for each key
	// Updates as in Held.
	PendingUpdates, InFlightUpdates int64
}

// Tally counts what Held would return, and makes nothing of it.
func (b *Buffer) Tally(f Filter) (t Tally) {
	for _, l := range b.lanes {
		l.tally(&t, f)
	}
	return t
}

func (l *lane) tally(t *Tally, f Filter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending.each(f, func(e *entry) {
		t.Records++
		t.PendingUpdates += waiting(&e.record)
	})
	for key, fl := range l.frozen.flights {
		if !f.matches(&fl.record.Key) {
			continue
		}
		if l.pending.entries[key] == nil {
			t.Records++
		}
		for ; fl != nil; fl = fl.next {
			t.InFlightUpdates += waiting(fl.record)
		}
	}
}
