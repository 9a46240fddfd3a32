package buffer

import (
	"hash/crc32"
	"math/bits"
	"sync"

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

// putBatch writes a frozen batch into c.
func (l *lane) putBatch(c *spool.Change, fb *frozenBatch) {
	fb.encoded = spool.EncodeBatch(spool.Batch{Oldest: fb.oldest, Records: fb.records})
	c.PutBatch(l.number, fb.number, fb.encoded)
}

// putForgotten writes into c that the disk may forget the events that memory did.
func (l *lane) putForgotten(c *spool.Change) {
	if last := l.events.takeForgotten(); last != 0 {
		c.DeleteEventsThrough(l.number, last)
	}
}

// numbers are what the disk has of the lane beside its records, with the newest
// arrival of all lanes.
func (l *lane) numbers(a *arrivals) spool.Lane {
	n := spool.Lane{Next: l.frozen.next, Applied: l.frozen.applied, Received: a.newest()}
	for _, fb := range l.frozen.batches {
		n.Frozen = append(n.Frozen, spool.BatchName{Number: fb.number, ID: fb.id})
	}
	return n
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

// urge makes e due now.
func (l *lane) urge(e *entry) {
	if l.pending.order.urge(e) {
		l.signal()
	}
}

// lanes are all lanes of a spool, by their numbers. What belongs to no lane is
// changed with all of them locked and read with any.
type lanes []*lane

// laneSet has a bit for each lane in it.
type laneSet uint64

// maxLanes is the number of lanes that a laneSet has room for.
const maxLanes = spool.MaxLanes

// anyLane is the set for reading what belongs to no lane.
const anyLane laneSet = 1

func (s *laneSet) add(lane int) { *s |= 1 << lane }

func (ls lanes) all() laneSet { return 1<<len(ls) - 1 }

// of is the lane of a spool.Key.
func (ls lanes) of(key []byte) *lane { return ls[laneOf(key, len(ls))] }

// laneOf is the lane of a spool.Key. It must stay the same for the life of a
// spool.
func laneOf(key []byte, lanes int) int {
	return int(crc32.Checksum(key, crc32.MakeTable(crc32.Castagnoli)) % uint32(lanes))
}

// each calls do for the lanes in the set, in their order.
func (ls lanes) each(set laneSet, do func(*lane)) {
	for ; set != 0; set &= set - 1 {
		do(ls[bits.TrailingZeros64(uint64(set))])
	}
}

// lock takes the lanes in the set, in their order, so that calls that span
// several don't wait for each other in a circle. It returns the set, for unlock.
func (ls lanes) lock(set laneSet) laneSet {
	ls.each(set, func(l *lane) { l.mu.Lock() })
	return set
}

func (ls lanes) unlock(set laneSet) {
	ls.each(set, func(l *lane) { l.mu.Unlock() })
}
