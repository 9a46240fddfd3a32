package buffer

import (
	"math"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// dueOrder tells which of the pending entries is to be written first.
type dueOrder struct {
	age    list // all entries, oldest window first
	urgent list // those that are due whatever their age, in turn
	// urgentFrom is the moment from which the urgent ones are worth a write.
	urgentFrom time.Duration
	turns      uint64
	// table has the terms of all entries. It is the policy's, but for a moment.
	table *timing.Table
	// waiting are the others, a list for the terms at each index of the table, oldest
	// window first: so that is the order in which their intervals end, whatever all
	// intervals are stretched by.
	waiting []list
	// early are those of the others that may be due before their intervals end.
	early earlyQueue
}

// never is a moment that does not come.
const never = time.Duration(math.MaxInt64)

// dueRules are what decides at one moment whether an entry is due. Moments are elapsed
// time as in clock.
type dueRules struct {
	// stretch is what all intervals are multiplied by.
	stretch float64
	// notBefore is the moment before which no window counts as ended.
	notBefore time.Duration
	// relief is how many of the oldest are due because the buffer is above its
	// high-water mark.
	relief int64
}

func newDueOrder(table *timing.Table) dueOrder {
	return dueOrder{age: list{by: byAge}, urgent: list{by: byTurn}, table: table, waiting: newWaiting(table)}
}

func newWaiting(table *timing.Table) []list {
	waiting := make([]list, len(table.All()))
	for i := range waiting {
		waiting[i].by = byTerms
	}
	return waiting
}

// add enters e, whose window is the youngest. It returns whether e may be worth a write
// before all others.
func (o *dueOrder) add(e *entry) (sooner bool) {
	o.age.pushBack(e)
	in := &o.waiting[e.terms.Index]
	in.pushBack(e)
	o.early.update(e)
	return in.head == e || o.early.isFirst(e)
}

func (o *dueOrder) remove(e *entry) {
	o.age.remove(e)
	if e.turn != 0 {
		o.urgent.remove(e)
		return
	}
	o.waiting[e.terms.Index].remove(e)
	o.early.remove(e)
}

// updated tells that e has changed. It returns whether e may be worth a write before
// all others, and was not before.
func (o *dueOrder) updated(e *entry) (sooner bool) {
	if e.turn != 0 {
		return false
	}
	place, worth := e.place, e.early.worth
	o.early.update(e)
	return o.early.isFirst(e) && (place == 0 || e.early.worth < worth)
}

// renew gives e the terms of its record. It returns whether e may be worth a write
// before all others.
func (o *dueOrder) renew(e *entry) (sooner bool) {
	terms := o.table.Of(&e.record)
	if e.turn != 0 || e.terms == terms {
		e.terms = terms
		return false
	}
	o.waiting[e.terms.Index].remove(e)
	o.early.remove(e)
	e.terms = terms
	in := &o.waiting[terms.Index]
	at := in.tail
	for at != nil && at.opened > e.opened {
		at = at.links[byTerms].prev
	}
	in.insertAfter(e, at)
	o.early.update(e)
	return in.head == e || o.early.isFirst(e)
}

// reorder gives all entries their terms of another table.
func (o *dueOrder) reorder(table *timing.Table) {
	o.table, o.waiting, o.early = table, newWaiting(table), nil
	for e := o.age.head; e != nil; e = e.links[byAge].next {
		e.terms, e.place, e.links[byTerms] = table.Of(&e.record), 0, links{}
		if e.turn == 0 {
			o.waiting[e.terms.Index].pushBack(e)
			o.early.update(e)
		}
	}
}

// urge makes e due, behind all that are, and worth a write of its own from the
// given moment. It returns false if e is due already and worth a write as
// early.
func (o *dueOrder) urge(e *entry, from time.Duration) bool {
	sooner := o.urgent.head == nil || from < o.urgentFrom
	if sooner {
		o.urgentFrom = from
	}
	if e.turn != 0 {
		return sooner
	}
	o.waiting[e.terms.Index].remove(e)
	o.early.remove(e)
	o.turns++
	e.turn = o.turns
	o.urgent.pushBack(e)
	return true
}

// first returns the entry that is to be written first of those due at the given
// moment, nil if none is. Of those that are due by time it is the one that was due
// first, so that none waits for ever for those that come later.
func (o *dueOrder) first(at time.Duration, r dueRules) *entry {
	if e := o.urgent.head; e != nil {
		return e
	}
	if r.relief > 0 {
		return o.age.head
	}
	if at < r.notBefore {
		return nil
	}
	var first *entry
	earliest := at
	for i := range o.waiting {
		if e := o.waiting[i].head; e != nil {
			interval, _ := e.terms.Window(r.stretch)
			if due := e.opened + interval; due <= at && (first == nil || due < earliest) {
				first, earliest = e, due
			}
		}
	}
	if e := o.early.first(); e != nil {
		if due, _ := e.dueEarly(); due <= at && (first == nil || due < earliest) {
			first = e
		}
	}
	return first
}

// pressing is how many entries are due for another reason than time.
func (o *dueOrder) pressing(r dueRules) int {
	return max(o.urgent.length, min(int(max(r.relief, 0)), o.age.length))
}

// next returns when the next entries are worth a write, false if there are none.
// What became due by time lingers, so that those that follow closely share its
// batch; what is urgent does so for a shorter time, or not at all.
func (o *dueOrder) next(now time.Duration, r dueRules) (time.Duration, bool) {
	switch {
	case o.age.head == nil:
		return 0, false
	case r.relief > 0 || o.urgent.head != nil && o.urgentFrom <= now:
		return now, true
	}
	due := never
	for i := range o.waiting {
		if e := o.waiting[i].head; e != nil {
			due = min(due, e.end(r))
		}
	}
	if e := o.early.first(); e != nil {
		due = min(due, e.early.worth)
	}
	due = max(due, r.notBefore)
	if o.urgent.head != nil {
		due = min(due, o.urgentFrom)
	}
	return due, true
}

// end is when the window of e ends, and others have had the time to come along.
func (e *entry) end(r dueRules) time.Duration {
	interval, linger := e.terms.Window(r.stretch)
	return e.opened + interval + linger
}

// nextOf is when e is worth a write, as far as that is not for relief.
func (o *dueOrder) nextOf(e *entry, r dueRules) time.Duration {
	if e.turn != 0 {
		return o.urgentFrom
	}
	next := e.end(r)
	if due, some := e.dueEarly(); some {
		next = min(next, due+e.terms.EarlyLinger())
	}
	return max(next, r.notBefore)
}
