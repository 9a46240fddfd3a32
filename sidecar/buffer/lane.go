package buffer

import (
	"math/bits"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/progress"
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
	if e := l.pending.entries[string(key)]; e != nil {
		return e.joined(flights)
	}
	frozen, _ := flights.joined()
	return frozen
}

// putBatch writes a frozen batch into c.
func (l *lane) putBatch(c change, fb *frozenBatch) {
	fb.encoded = encodeBatch(fb.oldest, fb.records)
	c.putBatch(l.number, fb.number, fb.encoded)
}

// numbers are what the disk has of the lane beside its records, with the newest
// arrival of all lanes.
func (l *lane) numbers(a *arrivals) laneState {
	s := laneState{next: l.frozen.next, applied: l.frozen.applied, received: a.newest()}
	for _, fb := range l.frozen.batches {
		s.frozen = append(s.frozen, frozenName{fb.number, fb.id})
	}
	return s
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
const maxLanes = 64

// anyLane is the set for reading what belongs to no lane.
const anyLane laneSet = 1

func (s *laneSet) add(lane int) { *s |= 1 << lane }

func (ls lanes) all() laneSet { return 1<<len(ls) - 1 }

// of is the lane of a diskKey.
func (ls lanes) of(diskKey []byte) *lane { return ls[laneOf(diskKey, len(ls))] }

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
