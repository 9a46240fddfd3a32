package buffer

import "sync"

// lane holds the keys that are written in one order: what is pending, what is
// frozen, and which confirmed batches are kept.
type lane struct {
	number int
	wake   chan struct{}

	mu      sync.Mutex
	pending pendingSet
	done    recent
	events  eventWindow

	frozen frozenBatches
	kept   keptBatches
}

func newLane(number int, quieted bool) *lane {
	return &lane{
		number:  number,
		wake:    make(chan struct{}, 1),
		pending: newPendingSet(quieted),
		done:    newRecent(),
		frozen:  newFrozenBatches(),
	}
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
