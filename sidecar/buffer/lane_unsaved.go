package buffer

import (
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// unsaved appends what is not saved of the keys that f matches to all.
func (l *lane) unsaved(all []Unsaved, f Filter) []Unsaved {
	l.mu.Lock()
	defer l.mu.Unlock()
	add := func(h Unsaved, key spool.Key) {
		if strays := len(l.strays.keys[key]); strays > 0 {
			l.strays.join(&h.Record, []byte(key))
			h.PendingUpdates += int64(strays)
		}
		if !h.Record.IsDeparture() {
			all = append(all, h)
		}
	}
	l.pending.each(f, func(e *entry) {
		h := Unsaved{Record: e.record, PendingUpdates: e.record.Accepted()}
		for fl := l.frozen.flights[e.key]; fl != nil; fl = fl.next {
			h.Record = progress.MergeForReader(h.Record, *fl.record)
			h.InFlightUpdates += fl.record.Accepted()
		}
		add(h, e.key)
	})
	for key, fl := range l.frozen.flights {
		if l.pending.entries[key] != nil || !f.matches(&fl.record.Key) {
			continue
		}
		var h Unsaved
		h.Record, h.InFlightUpdates = fl.joined()
		add(h, key)
	}
	l.strays.each(f, func(key spool.Key, _ []*stray) {
		if l.onlyStrays(key) {
			add(Unsaved{}, key)
		}
	})
	return all
}

// onlyStrays reports whether nothing else is held of a key of strays.
func (l *lane) onlyStrays(key spool.Key) bool {
	return l.pending.entries[key] == nil && l.frozen.flights[key] == nil
}

// departs reports whether all that is pending and frozen of a key, nil for nothing, is
// that its learner left.
func departs(e *entry, fl *flight) bool {
	if e != nil && !e.record.IsDeparture() {
		return false
	}
	for ; fl != nil; fl = fl.next {
		if !fl.record.IsDeparture() {
			return false
		}
	}
	return true
}

// tally counts what unsaved would append. It returns when the first of it that is
// pending is worth a write, never for none.
func (l *lane) tally(t *Tally, f Filter, r dueRules) time.Duration {
	next := never
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending.each(f, func(e *entry) {
		if departs(e, l.frozen.flights[e.key]) {
			return
		}
		t.Records++
		t.PendingUpdates += e.record.Accepted()
		next = min(next, l.pending.order.nextOf(e, r))
	})
	for key, fl := range l.frozen.flights {
		if !f.matches(&fl.record.Key) {
			continue
		}
		if l.pending.entries[key] == nil && !departs(nil, fl) {
			t.Records++
		}
		for ; fl != nil; fl = fl.next {
			t.InFlightUpdates += fl.record.Accepted()
		}
	}
	l.strays.each(f, func(key spool.Key, all []*stray) {
		if departs(l.pending.entries[key], l.frozen.flights[key]) {
			t.Records++
		}
		t.PendingUpdates += int64(len(all))
	})
	return next
}
