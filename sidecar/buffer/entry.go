package buffer

import (
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// entry is a pending record in memory, at most 448 bytes beside its key.
type entry struct {
	key     spool.Key // which the strings of record.Key are part of
	record  progress.Record
	opened  time.Duration // when the window opened, by the clock's elapsed time
	changed time.Duration // when the last update came
	links   [3]links
	terms   *timing.Terms // by which it is written
	early   early
	pace    pace
	// Neighbours among the entries of the same learner.
	userPrev, userNext *entry
	// turn is its place among the urgent entries of the lane, 0 when it waits
	// for its window.
	turn uint64
	// place is where it stands in the queue of those that may be due early, from 1; 0
	// for nowhere.
	place int32
	// lasting says that it is urgent because its lesson was completed or it was
	// replayed, which is kept on disk.
	lasting bool
	// touched says that the running call has changed it.
	touched bool
}

// newEntry is an entry that shares no memory with the caller of Put.
func newEntry(key spool.Key, r progress.Record, now reading) *entry {
	r.Key, _ = key.Split()
	r.ModuleID = strings.Clone(r.ModuleID)
	return &entry{key: key, record: r, opened: now.elapsed, changed: now.elapsed}
}

// joined is the entry's record with what is frozen of its key.
func (e *entry) joined(flights *flight) progress.Record {
	if flights == nil {
		return e.record
	}
	frozen, _ := flights.joined()
	return progress.MergeForReader(frozen, e.record)
}

// complete completes the entry's record if enough was seen by it and what is frozen of
// its key together.
func (e *entry) complete(flights *flight, p *Policy) {
	if !p.CompletionByWatched || e.record.Completed {
		return
	}
	if r := p.completion().Of(e.joined(flights)); r.Completed && r.Generation == e.record.Generation {
		e.record.Completed, e.record.CompletedAt = true, r.CompletedAt
	}
}

// put writes the entry into c.
func (e *entry) put(c *spool.Change, now reading) {
	c.PutPending(e.key, &spool.Pending{Due: e.lasting, Opened: now.wallOf(e.opened), Record: e.record})
}

type links struct{ prev, next *entry }

// The orders that an entry can be linked in.
const (
	byAge   = iota // all entries, by the opening of their windows
	byTurn         // urgent ones, by turn
	byTerms        // the others of the same terms, by the opening of their windows
)

// list is a chain of entries through one of their links.
type list struct {
	by         int
	head, tail *entry
	length     int
}

func (l *list) pushBack(e *entry) {
	e.links[l.by] = links{prev: l.tail}
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.links[l.by].next = e
	}
	l.tail = e
	l.length++
}

// insertAfter puts e behind at, or in front where that is nil.
func (l *list) insertAfter(e, at *entry) {
	if at == l.tail {
		l.pushBack(e)
		return
	}
	next := l.head
	if at != nil {
		next = at.links[l.by].next
		at.links[l.by].next = e
	} else {
		l.head = e
	}
	e.links[l.by] = links{prev: at, next: next}
	next.links[l.by].prev = e
	l.length++
}

func (l *list) remove(e *entry) {
	at := e.links[l.by]
	if at.prev == nil {
		l.head = at.next
	} else {
		at.prev.links[l.by].next = at.next
	}
	if at.next == nil {
		l.tail = at.prev
	} else {
		at.next.links[l.by].prev = at.prev
	}
	e.links[l.by] = links{}
	l.length--
}
