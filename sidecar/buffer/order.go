package buffer

import (
	"cmp"
	"slices"
	"time"
)

// dueOrder tells which of the pending entries is to be written first.
type dueOrder struct {
	age    list // all entries, oldest window first
	urgent list // those that are due whatever their age, in turn
	// urgentFrom is the moment from which the urgent ones are worth a write.
	urgentFrom time.Duration
	quiet      list // the others, longest quiet first; only with a quiet period
	// quieted says whether quiet is kept.
	quieted bool
	turns   uint64
}

// dueRules are what decides at one moment whether an entry is due. Durations
// are those of Policy, moments are elapsed time as in clock.
type dueRules struct {
	interval, linger, quiet time.Duration
	// notBefore is the moment before which no window counts as ended.
	notBefore time.Duration
	// relief is how many of the oldest are due because the buffer is above its
	// high-water mark.
	relief int64
}

func newDueOrder(quieted bool) dueOrder {
	return dueOrder{age: list{by: byAge}, urgent: list{by: byTurn}, quiet: list{by: byTurn}, quieted: quieted}
}

// add enters e, whose window is the youngest.
func (o *dueOrder) add(e *entry) {
	o.age.pushBack(e)
	if o.quieted {
		o.quiet.pushBack(e)
	}
}

func (o *dueOrder) remove(e *entry) {
	o.age.remove(e)
	if e.turn != 0 {
		o.urgent.remove(e)
	} else if o.quieted {
		o.quiet.remove(e)
	}
}

// updated tells that e is the one that changed last.
func (o *dueOrder) updated(e *entry) {
	if o.quieted && e.turn == 0 {
		o.quiet.remove(e)
		o.quiet.pushBack(e)
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
	if o.quieted {
		o.quiet.remove(e)
	}
	o.turns++
	e.turn = o.turns
	o.urgent.pushBack(e)
	return true
}

// keepQuiet starts or stops keeping the order of the last changes.
func (o *dueOrder) keepQuiet(on bool) {
	if o.quieted == on {
		return
	}
	o.quieted = on
	o.quiet = list{by: byTurn}
	var others []*entry
	for e := o.age.head; e != nil; e = e.links[byAge].next {
		if e.turn == 0 {
			e.links[byTurn] = links{}
			others = append(others, e)
		}
	}
	if !on {
		return
	}
	slices.SortStableFunc(others, func(a, b *entry) int { return cmp.Compare(a.changed, b.changed) })
	for _, e := range others {
		o.quiet.pushBack(e)
	}
}

// first returns the entry that is to be written first of those due at the given
// moment, nil if none is.
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
	if e := o.age.head; e != nil && at-e.opened >= r.interval {
		return e
	}
	if e := o.quiet.head; e != nil && at-e.changed >= r.quiet {
		return e
	}
	return nil
}

// pressing is how many entries are due for another reason than time.
func (o *dueOrder) pressing(r dueRules) int {
	return max(o.urgent.length, min(int(max(r.relief, 0)), o.age.length))
}

// next returns when the next entries are worth a write, false if there are none.
// What became due by time lingers, so that those that follow closely share its
// batch; what is urgent does so for a shorter time, or not at all.
func (o *dueOrder) next(now time.Duration, r dueRules) (time.Duration, bool) {
	oldest := o.age.head
	switch {
	case oldest == nil:
		return 0, false
	case r.relief > 0 || o.urgent.head != nil && o.urgentFrom <= now:
		return now, true
	}
	due := oldest.opened + r.interval
	if e := o.quiet.head; e != nil {
		due = min(due, e.changed+r.quiet)
	}
	due = max(due+r.linger, r.notBefore)
	if o.urgent.head != nil {
		due = min(due, o.urgentFrom)
	}
	return due, true
}
