package buffer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// merger takes one call's input into its lanes, which are locked.
type merger struct {
	b    *Buffer
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
			m.call.fresh = append(m.call.fresh, freshEvent{e.touched, l.number, eventPlace{segment, id}})
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
	e := l.pending.entries[string(key)]
	if e == nil && !m.b.capacity.take(m.b.quarantine.len(), m.p) {
		result.Err = ErrFull
		return nil
	}
	flights := l.frozen.of(key)
	generation, completed := known(e, flights)
	r := m.record(i, generation)
	if !inRange(&r) || e != nil && !fits(&e.record, &r) {
		if e == nil {
			m.b.capacity.add(-1)
		}
		result.Err = ErrRange
		return nil
	}
	if e == nil {
		e = newEntry(string(key), r, m.now)
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
		l.urge(e)
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

// inRange reports whether the sums of a record are counts at all; a number of
// seconds beyond 64 bits of microseconds is not.
func inRange(r *progress.Record) bool {
	return r.TimeSpent >= 0 && r.SeekEvents >= 0 && r.PauseEvents >= 0
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
	return m.b.tombstones.covers(m.b.format.learnerID(nil, u.UserID), at)
}

// maxChange is the size of a change that a large call is divided at. Pebble
// keeps its old logs for use again, and a log is as large as the largest change
// in it. The call is acknowledged when the last of its changes is synced, and
// then the earlier ones are.
const maxChange = 1 << 20

// append hands the entries that changed to the journal, each with the ids of the
// events that changed it, so that it has a key's changes in the order in which
// they were merged. It returns the change to wait for.
func (m *merger) append() (change, error) {
	j, space := m.b.journal, &m.b.space
	c := j.begin()
	m.b.lanes.each(m.call.set, func(l *lane) { c.deleteEventsThrough(l.number, l.events.takeForgotten()) })
	fresh := m.call.fresh
	if len(fresh) > 1 {
		slices.SortStableFunc(fresh, func(a, b freshEvent) int { return cmp.Compare(a.entry, b.entry) })
	}
	written := 0
	for _, e := range m.call.touched {
		if written >= maxChange {
			if err := j.appendLazily(c); err != nil {
				return change{}, err
			}
			c, written = j.begin(), 0
		}
		size := 0
		for ; len(fresh) > 0 && fresh[0].entry == e.touched; fresh = fresh[1:] {
			size += c.putEvent(fresh[0].lane, fresh[0].eventPlace)
		}
		e.touched = 0
		m.call.scratch = appendPending(m.call.scratch[:0], e.state(m.now), &e.record)
		c.putPending(e.key, m.call.scratch)
		size += len(e.key) + len(m.call.scratch)
		written += size
		space.wrote(size)
	}
	if m.p.Async {
		return c, j.appendLazily(c)
	}
	return c, j.append(c)
}
