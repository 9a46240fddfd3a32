package buffer

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Result is what became of one update or reset.
type Result struct {
	// Record is what the buffer now holds of the key: pending and frozen
	// records merged.
	Record progress.Record
	// Duplicate says that an update with this EventID was accepted before and
	// this one was not merged again. Record is then zero but for its key when
	// all of it is saved.
	Duplicate bool
	// Err is nil, ErrFull, ErrRange or ErrErased; the update was refused then and the
	// others of the call are not affected.
	Err error
}

// Put merges updates into the pending records of their keys, in order, and
// returns when the disk has them (with Policy.Async, before). There is a
// Result for each update. An update that was accepted before, by its EventID,
// is not merged again; the disk has the first one too when the call returns.
// After ErrNoSpace or ErrClosed none of the updates
// was accepted; after ErrFailed that is unknown. ctx is only asked at the
// start: what has begun to be written cannot be called back.
func (b *Buffer) Put(ctx context.Context, updates []progress.Update) ([]Result, error) {
	return b.accept(ctx, len(updates), input{updates: updates})
}

// Reset starts keys anew: what is known of them, here and in the database, is
// replaced by an empty record of a new generation.
func (b *Buffer) Reset(ctx context.Context, keys []progress.Key) ([]Result, error) {
	return b.accept(ctx, len(keys), input{resets: keys})
}

// input is what one call brings, updates or resets.
type input struct {
	updates []progress.Update
	resets  []progress.Key
}

// event is the i-th item's event id, empty for none.
func (in *input) event(i int) string {
	if in.resets != nil {
		return ""
	}
	return in.updates[i].EventID
}

func (in *input) key(i int) progress.Key {
	if in.resets != nil {
		return in.resets[i]
	}
	return in.updates[i].Key
}

// work is the scratch memory of one call.
type work struct {
	keys    []byte // diskKeys, one after the other
	ends    []int  // of each in keys
	lanes   []int
	value   []byte
	touched []*entry
	events  []eventID // of each item; none if no event ids are remembered
	fresh   []freshEvent
	repeats bool // whether one of the items is a duplicate
}

// freshEvent is an event id that goes to the disk with the entry that it
// changed.
type freshEvent struct {
	entry int32 // its touched
	lane  int
	eventPlace
}

// maxScratch is the scratch memory that is worth keeping for the next call.
const maxScratch = 1 << 18

func (w *work) reset() {
	if cap(w.keys) > maxScratch {
		*w = work{}
	}
	clear(w.touched)
	w.keys, w.ends, w.lanes, w.touched = w.keys[:0], w.ends[:0], w.lanes[:0], w.touched[:0]
	w.events, w.fresh, w.repeats = w.events[:0], w.fresh[:0], false
}

func (w *work) key(i int) []byte {
	if i == 0 {
		return w.keys[:w.ends[0]]
	}
	return w.keys[w.ends[i-1]:w.ends[i]]
}

func (b *Buffer) accept(ctx context.Context, n int, in input) ([]Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	if b.space.refusing.Load() {
		return nil, ErrNoSpace
	}
	w := b.work.Get().(*work)
	defer b.work.Put(w)
	defer w.reset()

	policy := b.policy.Load()
	var set laneSet
	for i := range n {
		start := len(w.keys)
		w.keys = appendDiskKey(w.keys, prefixPending, in.key(i))
		w.ends = append(w.ends, len(w.keys))
		lane := laneOf(w.keys[start:], len(b.lanes))
		w.lanes = append(w.lanes, lane)
		set.add(lane)
		if policy.EventIDs.MaxCount > 0 && in.resets == nil {
			w.events = append(w.events, b.eventOf(w, w.keys[start:], &in.updates[i]))
		}
	}

	results := make([]Result, n)
	b.lanes.lock(set)
	c, err := b.merge(w, &in, set, results, policy)
	b.lanes.unlock(set)
	switch {
	case err != nil:
		return nil, err
	case c.batch == nil:
		return results, nil
	case policy.Async:
		b.wroteLazily()
		return results, nil
	}
	if err := b.journal.wait(c); err != nil {
		return nil, err
	}
	return results, nil
}

// eventOf is the identity of the update's event, zero if it has none.
func (b *Buffer) eventOf(w *work, diskKey []byte, u *progress.Update) eventID {
	if u.EventID == "" {
		return eventID{}
	}
	w.value = slices.Grow(w.value[:0], len(b.format.writer)+len(u.EventID)+len(diskKey)+binary.MaxVarintLen64)
	return b.format.eventID(w.value, diskKey, u)
}

// maxChange is the size of a change that a large call is divided at. Pebble
// keeps its old logs for use again, and a log is as large as the largest change
// in it. The call is acknowledged when the last of its changes is synced, and
// then the earlier ones are.
const maxChange = 1 << 20

// merge takes the call's input into the lanes, which are locked, and appends
// the entries that changed to the journal, so that it has a key's changes in
// the order in which they were merged.
func (b *Buffer) merge(
	w *work, in *input, set laneSet, results []Result, p *Policy,
) (change, error) {
	now := b.clock.read()
	for i := range results {
		l := b.lanes[w.lanes[i]]
		known := in.event(i) != "" && i < len(w.events)
		if known && l.repeats(w.events[i], w.key(i), in.key(i), &results[i], now, p, len(b.lanes)) {
			w.repeats = true
			continue
		}
		e := b.mergeOne(l, w.key(i), in, i, &results[i], now, p)
		if e == nil {
			continue
		}
		if e.touched == 0 {
			w.touched = append(w.touched, e)
			e.touched = int32(len(w.touched))
		}
		if known {
			opened := l.events.add(w.events[i], now.wall, p.EventIDs, len(b.lanes))
			w.fresh = append(w.fresh, freshEvent{e.touched, l.number, eventPlace{opened, w.events[i]}})
		}
	}
	switch {
	case len(w.touched) > 0:
		return b.write(w, set, now, p)
	case w.repeats && !p.Async:
		// What they repeat may be on its way to the disk.
		return b.journal.mark()
	}
	return change{}, nil
}

// repeats reports whether an event was accepted before, and fills its result.
func (l *lane) repeats(
	id eventID, key []byte, k progress.Key, result *Result, now reading, p *Policy, lanes int,
) bool {
	l.events.expire(now.wall, p.EventIDs, lanes)
	if !l.events.has(id) {
		return false
	}
	result.Duplicate = true
	result.Record = l.heldOf(key)
	result.Record.Key = k
	return true
}

// heldOf is what the lane holds of the key, zero if nothing.
func (l *lane) heldOf(key []byte) progress.Record {
	flights := l.frozen.of(key)
	if e := l.pending.entries[string(key)]; e != nil {
		return e.held(flights)
	}
	frozen, _ := flights.joined()
	return frozen
}

// held is the entry's record with what is frozen of its key.
func (e *entry) held(flights *flight) progress.Record {
	if flights == nil {
		return e.record
	}
	frozen, _ := flights.joined()
	return join(frozen, e.record)
}

// write appends the entries that changed to the journal, and with each of them
// the ids of the events that changed it.
func (b *Buffer) write(w *work, set laneSet, now reading, p *Policy) (change, error) {
	c := b.journal.begin()
	b.lanes.each(set, func(l *lane) { c.deleteEventsThrough(l.number, l.events.takeForgotten()) })
	if len(w.fresh) > 1 {
		slices.SortStableFunc(w.fresh, func(a, b freshEvent) int { return cmp.Compare(a.entry, b.entry) })
	}
	fresh := w.fresh
	written := 0
	for _, e := range w.touched {
		if written >= maxChange {
			if err := b.journal.appendLazily(c); err != nil {
				return change{}, err
			}
			c, written = b.journal.begin(), 0
		}
		for ; len(fresh) > 0 && fresh[0].entry == e.touched; fresh = fresh[1:] {
			c.putEvent(fresh[0].lane, fresh[0].eventPlace)
			written += len(eventPlace{}.id)
			b.space.wrote(len(eventPlace{}.id))
		}
		e.touched = 0
		s := pendingState{due: e.lasting, opened: now.wallOf(e.opened)}
		w.value = appendPending(w.value[:0], s, &e.record)
		c.putPending(e.key, w.value)
		written += len(e.key) + len(w.value)
		b.space.wrote(len(e.key) + len(w.value))
	}
	if p.Async {
		return c, b.journal.appendLazily(c)
	}
	return c, b.journal.append(c)
}

// mergeOne takes the i-th item into its lane. It returns the entry that
// changed, nil if the item is refused.
func (b *Buffer) mergeOne(
	l *lane, key []byte, in *input, i int, result *Result, now reading, p *Policy,
) *entry {
	if in.resets == nil && b.erasedBefore(&in.updates[i]) {
		result.Err = ErrErased
		return nil
	}
	e := l.pending.entries[string(key)]
	if e == nil && !b.makeRoom(p) {
		result.Err = ErrFull
		return nil
	}
	flights := l.frozen.of(key)
	generation, completed := known(e, flights)
	received := b.arrival(now.wall)
	var r progress.Record
	if in.resets != nil {
		r = progress.Reset(in.resets[i], received)
	} else {
		r = in.updates[i].Record(received, p.CompletionThreshold)
		r.Generation = generation
	}
	if !inRange(&r) || e != nil && !fits(&e.record, &r) {
		if e == nil {
			b.pending.Add(-1)
		}
		result.Err = ErrRange
		return nil
	}

	if e == nil {
		e = newEntry(string(key), r, now)
		l.insert(e)
		if b.crowded(p) {
			l.signal()
		}
	} else {
		merged := progress.Merge(e.record, r)
		merged.Key = e.record.Key
		if merged.ModuleID == e.record.ModuleID {
			merged.ModuleID = e.record.ModuleID
		} else {
			merged.ModuleID = strings.Clone(merged.ModuleID)
		}
		l.pending.update(e, &merged, now.elapsed)
	}
	if in.resets != nil {
		l.done.forget(e.key)
	} else if e.record.Completed && !l.done.add(e.key) && !completed && p.FlushOnComplete {
		e.lasting = true
		l.urge(e)
	}
	result.Record = e.held(flights)
	return e
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

// makeRoom counts one more pending record, unless the cap is reached. Dead
// letters count too: they are never dropped, and so have to be bounded here. A
// lane is locked.
func (b *Buffer) makeRoom(p *Policy) bool {
	if n := b.pending.Add(1) + int64(b.quarantine.len()); p.MaxPendingRecords > 0 && n > int64(p.MaxPendingRecords) {
		b.pending.Add(-1)
		return false
	}
	return true
}

// newEntry is an entry that shares no memory with the caller of Put.
func newEntry(key string, r progress.Record, now reading) *entry {
	r.Key, _ = splitDiskKey(key)
	r.ModuleID = strings.Clone(r.ModuleID)
	return &entry{key: key, record: r, opened: now.elapsed, changed: now.elapsed}
}

// inRange reports whether the sums of a record are counts at all; a number of
// seconds beyond 64 bits of microseconds is not.
func inRange(r *progress.Record) bool {
	return r.TimeSpent >= 0 && r.SeekEvents >= 0 && r.PauseEvents >= 0
}

// erasedBefore reports whether an update happened before its learner was
// erased. A guess about a client's clock must not undo an erasure, so what the
// client said counts. A lane is locked.
func (b *Buffer) erasedBefore(u *progress.Update) bool {
	if len(b.tombstones) == 0 || u.OccurredAt == 0 {
		return false
	}
	at := u.OccurredAt
	if u.ReportedAt != 0 {
		at = u.ReportedAt
	}
	return b.tombstones.covers(b.format.learnerID(nil, u.UserID), at)
}
