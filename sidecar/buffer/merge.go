package buffer

import (
	"strings"

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
		known := m.in.event(i) != "" && i < len(m.call.events)
		if known && m.repeats(l, i, &results[i]) {
			m.call.repeats = true
			continue
		}
		e := m.mergeOne(l, i, &results[i])
		if e == nil {
			continue
		}
		m.call.touch(e)
		if known {
			id := m.call.events[i]
			segment := l.events.add(id, m.now.wall, m.p.EventIDs, len(m.b.lanes))
			m.call.fresh = append(m.call.fresh, freshEvent{l.number, eventPlace{segment, id}})
		}
	}
}

// repeats reports whether an event was accepted before, and fills its result.
func (m *merger) repeats(l *lane, i int, result *Result) bool {
	l.events.expire(m.now.wall, m.p.EventIDs, len(m.b.lanes))
	if !l.events.has(m.call.events[i]) {
		return false
	}
	result.Duplicate = true
	result.Record = l.record(m.call.key(i))
	result.Record.Key = m.in.key(i)
	return true
}

// mergeOne takes the i-th item into its lane. It returns the entry that
// changed, nil if the item is refused.
func (m *merger) mergeOne(l *lane, i int, result *Result) *entry {
	if m.in.resets == nil && m.erasedBefore(&m.in.updates[i]) {
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
		l.insert(e)
		if m.b.capacity.excess(m.p) > 0 {
			l.signal()
		}
	} else {
		m.mergeInto(l, e, r)
	}
	if m.in.resets != nil {
		l.completed.forget(e.key)
	} else if e.record.Completed && !l.completed.add(e.key) && !completed && m.p.FlushOnComplete {
		e.lasting = true
		l.urge(e, m.now.elapsed+m.p.Gather)
	}
	result.Record = e.joined(flights)
	return e
}

// record is what the i-th item says, of the given generation if it is an update.
func (m *merger) record(i int, generation progress.Instant) progress.Record {
	received := m.b.arrivals.next(m.now.wall)
	if m.in.resets != nil {
		return progress.Reset(m.in.resets[i], received)
	}
	r := m.in.updates[i].Record(received, m.p.CompletionThreshold)
	r.Generation = generation
	return r
}

// mergeInto merges r into e, which shares no memory with the caller of Put.
func (m *merger) mergeInto(l *lane, e *entry, r progress.Record) {
	merged := progress.Merge(e.record, r)
	merged.Key = e.record.Key
	if merged.ModuleID == e.record.ModuleID {
		merged.ModuleID = e.record.ModuleID
	} else {
		merged.ModuleID = strings.Clone(merged.ModuleID)
	}
	l.pending.update(e, &merged, m.now.elapsed)
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
	for _, f := range m.call.fresh {
		c.PutEvent(f.lane, f.segment, f.id)
	}
	return c
}
