package buffer

import (
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// lane holds the keys that are written in one order: what is pending, what is
// frozen, and which confirmed batches are kept.
type lane struct {
	number int
	wake   chan struct{}

	mu        sync.Mutex
	pending   pendingSet
	completed completedKeys
	events    eventWindow
	frozen    frozenBatches
	kept      keptBatches
}

func newLane(number int, quieted bool) *lane {
	return &lane{
		number:    number,
		wake:      make(chan struct{}, 1),
		pending:   newPendingSet(quieted),
		completed: newCompletedKeys(),
		frozen:    newFrozenBatches(),
	}
}

// record is what the lane holds of the key, zero if nothing.
func (l *lane) record(key []byte) progress.Record {
	flights := l.frozen.of(key)
	if e := l.pending.entries[spool.Key(key)]; e != nil {
		return e.joined(flights)
	}
	frozen, _ := flights.joined()
	return frozen
}

// signal wakes the lane's writer.
func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// insert makes e pending; its window is the youngest.
func (l *lane) insert(e *entry) {
	if l.pending.order.age.head == nil {
		l.signal()
	}
	l.pending.insert(e)
}

// urge makes e due, and worth a write of its own from the given moment.
func (l *lane) urge(e *entry, from time.Duration) {
	if l.pending.order.urge(e, from) {
		l.signal()
	}
}

// unsaved appends what is not saved of the keys that f matches to all.
func (l *lane) unsaved(all []Unsaved, f Filter) []Unsaved {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending.each(f, func(e *entry) {
		h := Unsaved{Record: e.record, PendingUpdates: waiting(&e.record)}
		for fl := l.frozen.flights[e.key]; fl != nil; fl = fl.next {
			h.Record = progress.MergeForReader(h.Record, *fl.record)
			h.InFlightUpdates += waiting(fl.record)
		}
		all = append(all, h)
	})
	for key, fl := range l.frozen.flights {
		if l.pending.entries[key] != nil || !f.matches(&fl.record.Key) {
			continue
		}
		var h Unsaved
		h.Record, h.InFlightUpdates = fl.joined()
		all = append(all, h)
	}
	return all
}

// tally counts what unsaved would append.
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

// saved reports whether all that m stands for is confirmed or quarantined.
func (l *lane) saved(m laneDue) bool {
	if e := l.pending.order.urgent.head; e != nil && e.turn <= m.turn {
		return false
	}
	for _, fb := range l.frozen.batches {
		if fb.freeze <= m.freeze || fb.turn != 0 && fb.turn <= m.turn {
			return false
		}
	}
	return true
}
