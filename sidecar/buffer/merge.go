package buffer

import (
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// merger takes one call's input into its lanes, which are locked.
type merger struct {
	b    *core
	call *call
	in   *input
	p    *Policy
	now  reading
}

// merge takes all items, in their order, and fills their results.
func (m *merger) merge(results []Result) {
	for i := range results {
		l := m.b.lanes[m.call.lanes[i]]
		known := m.call.events[i] != spool.EventID{}
		if known && m.repeats(l, i, &results[i]) {
			m.call.repeats = true
			continue
		}
		// The id of a stray is known by the stray, until that ends.
		if m.take(l, i, &results[i]) && known && !m.in.isStray(i) {
			m.remember(l, m.call.events[i])
		}
	}
}

// remember notes that an event was merged.
func (m *merger) remember(l *lane, id spool.EventID) {
	if m.p.EventIDs.MaxCount <= 0 {
		return
	}
	segment := l.events.add(id, spool.EventMerged, m.now.wall, m.p.EventIDs, len(m.b.lanes))
	m.call.fresh = append(m.call.fresh, freshEvent{l.number, eventPlace{segment, id}})
}

// repeats reports whether an event was accepted before, and fills its result.
func (m *merger) repeats(l *lane, i int, result *Result) bool {
	l.events.expire(m.now.wall, m.p.EventIDs, len(m.b.lanes))
	if !m.knows(l, i) {
		return false
	}
	if x := l.strays.ofEvent(m.call.events[i]); x != nil && m.in.from != nil {
		x.again = true
	}
	result.Duplicate = true
	result.Record = l.record(m.call.key(i))
	result.Record.Key = m.in.key(i)
	return true
}

// knows reports whether an event was accepted before. One that was handed on to its
// home is not known to a sender: the sender may be that home, hand the stray back
// that it made of it, and drop that if it heard of a duplicate.
func (m *merger) knows(l *lane, i int) bool {
	id := m.call.events[i]
	if l.strays.has(id) || m.b.handedOver.has(id) {
		return true
	}
	if _, kind, found := l.events.find(id); found {
		return kind != spool.EventHandedOn || m.in.from == nil
	}
	return l.events.kinds[spool.EventSalted] > 0 && l.events.has(m.call.saltedOf(m.call.key(i), m.in.update(i), &m.b.salt))
}

// take takes the i-th item. It returns false if nothing is kept of it.
func (m *merger) take(l *lane, i int, result *Result) bool {
	if u := m.in.update(i); u != nil && u.IsHint() {
		m.heed(l, i, u, result)
		return false
	}
	if m.in.isStray(i) {
		x := m.keepStray(l, i, result)
		if x == nil {
			return false
		}
		m.call.strays = append(m.call.strays, x)
		return true
	}
	e := m.mergeOne(l, i, result)
	if e == nil {
		return false
	}
	m.call.touch(e)
	return true
}

// heed takes the i-th item, an update that says nothing but when to write. What is
// frozen of its key is on its way already.
func (m *merger) heed(l *lane, i int, u *progress.Update, result *Result) {
	key := m.call.key(i)
	e := l.pending.entries[spool.Key(key)]
	if e != nil {
		l.heed(e, u, m.now.elapsed)
	}
	// What a stray's learner did is not known here in whole, so that nobody is to be told.
	if u.Leaving && m.p.Departures && !m.in.isStray(i) {
		m.depart(l, e, i, u)
	}
	result.Hint = true
	result.Record = l.record(key)
	result.Record.Key = m.in.key(i)
}

// depart notes in the entry, nil for none, that its learner leaves. A record without
// updates is a reset, of which nobody leaves.
func (m *merger) depart(l *lane, e *entry, i int, u *progress.Update) {
	r := u.Departure(m.b.arrivals.next(m.now.wall))
	switch {
	case m.erasedBefore(u):
		return
	case e == nil:
		if !m.b.capacity.take(m.b.quarantine.len(), m.p) {
			return
		}
		e = newEntry(spool.Key(m.call.key(i)), r, m.now)
		l.insert(e, u)
		m.relieve(l)
	case e.record.UpdateCount == 0 && e.record.LeftAt == 0:
		return
	default:
		e.record.LeftAt = max(e.record.LeftAt, r.LeftAt)
	}
	m.call.touch(e)
}

// keepStray takes the i-th item, an update, as itself. It returns nil if it is refused.
func (m *merger) keepStray(l *lane, i int, result *Result) *stray {
	u := m.in.update(i)
	switch {
	case u.EventID == "":
		result.Err = ErrNoEventID
		return nil
	case m.erasedBefore(u):
		result.Err = ErrErased
		return nil
	case !m.b.capacity.take(m.b.quarantine.len(), m.p):
		result.Err = ErrFull
		return nil
	}
	key := m.call.key(i)
	x := newStray(u, spool.Key(key), m.call.events[i], m.b.arrivals.next(m.now.wall), m.p.completion())
	if r := x.record(0); !r.HasCounts() {
		m.b.capacity.add(-1)
		result.Err = ErrRange
		return nil
	}
	l.strays.add(x)
	m.relieve(l)
	result.Record, result.Stray = l.record(key), true
	return x
}

// relieve wakes the lane's writer if one more record has made too many.
func (m *merger) relieve(l *lane) {
	if m.b.capacity.excess(m.p) > 0 {
		l.signal()
	}
}

// mergeOne takes the i-th item into its lane. It returns the entry that
// changed, nil if the item is refused.
func (m *merger) mergeOne(l *lane, i int, result *Result) *entry {
	u := m.in.update(i)
	if u != nil && m.erasedBefore(u) {
		result.Err = ErrErased
		return nil
	}
	key := m.call.key(i)
	e := l.pending.entries[spool.Key(key)]
	if e == nil && !m.b.capacity.take(m.b.quarantine.len(), m.p) {
		result.Err = ErrFull
		return nil
	}
	flights := l.frozen.of(key)
	generation, completed := known(e, flights)
	r := m.record(i, generation)
	if !r.HasCounts() || e != nil && !progress.Fit(&e.record, &r) {
		if e == nil {
			m.b.capacity.add(-1)
		}
		result.Err = ErrRange
		return nil
	}
	if e == nil {
		e = newEntry(spool.Key(key), r, m.now)
		l.insert(e, u)
		m.relieve(l)
	} else {
		l.merge(e, r, u, m.now)
	}
	e.complete(flights, m.p)
	if u != nil {
		m.b.tellMerged(e, m.p)
	}
	if u == nil {
		l.completed.forget(e.key)
		m.dropStrays(l, key)
	} else if e.record.Completed && !l.completed.add(e.key) && !completed && e.terms.FlushOnComplete {
		e.lasting = true
		l.urge(e, m.now.elapsed+m.p.Gather)
	}
	result.Record = e.joined(flights)
	l.strays.join(&result.Record, key)
	result.Record = m.p.completion().Of(result.Record)
	return e
}

// dropStrays removes the strays of a key that is reset: they came before, and must
// not come back when they are repeated.
func (m *merger) dropStrays(l *lane, key []byte) {
	gone := l.strays.takeKey(key)
	for _, x := range gone {
		m.remember(l, x.event)
	}
	m.call.dropped = append(m.call.dropped, gone...)
	m.b.capacity.add(-len(gone))
}

// record is what the i-th item says, of the given generation if it is an update.
func (m *merger) record(i int, generation progress.Instant) progress.Record {
	received := m.b.arrivals.next(m.now.wall)
	u := m.in.update(i)
	if u == nil {
		return progress.Reset(m.in.key(i), received)
	}
	r := m.p.completion().Record(u, received)
	r.Generation = generation
	if u.Leaving && m.p.Departures {
		r.LeftAt = r.LastWatchedAt
	}
	return r
}

// known is what pending and frozen records say of a key before an update.
func known(e *entry, flights *flight) (generation progress.Instant, completed bool) {
	if e != nil {
		generation, completed = e.record.Generation, e.record.Completed
	}
	for f := flights; f != nil; f = f.next {
		switch r := f.record; {
		case r.Generation > generation:
			generation, completed = r.Generation, r.Completed
		case r.Generation == generation:
			completed = completed || r.Completed
		}
	}
	return generation, completed
}

// erasedBefore reports whether an update happened before its learner was
// erased. A guess about a client's clock must not undo an erasure, so what the
// client said counts.
func (m *merger) erasedBefore(u *progress.Update) bool {
	if len(m.b.tombstones) == 0 || u.OccurredAt == 0 {
		return false
	}
	at := u.OccurredAt
	if u.ReportedAt != 0 {
		at = u.ReportedAt
	}
	return m.b.tombstones.covers(m.b.salt.learnerID(nil, u.UserID), at)
}

// change is what the items changed: entries, each with the ids of the events that
// changed it.
func (m *merger) change() *spool.Change {
	c := m.b.spool.Begin()
	m.b.lanes.each(m.call.set, func(l *lane) { l.putForgotten(c) })
	for _, e := range m.call.touched {
		e.touched = false
		e.put(c, m.now)
	}
	for _, x := range m.call.strays {
		c.PutStray(&x.Stray)
	}
	for _, x := range m.call.dropped {
		c.DeleteStray(x.ID)
	}
	for _, f := range m.call.fresh {
		c.PutEvent(f.lane, f.segment, f.id, spool.EventMerged)
	}
	return c
}
