package buffer

import (
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
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
	rhythms   rhythms
	frozen    frozenBatches
	kept      keptBatches
	strays    straySet
	// takenTurn is the last turn of a record that strays became part of.
	takenTurn uint64
}

func newLane(number int, table *timing.Table) *lane {
	return &lane{
		number:    number,
		wake:      make(chan struct{}, 1),
		pending:   newPendingSet(table),
		completed: newCompletedKeys(),
		rhythms:   newRhythms(),
		frozen:    newFrozenBatches(),
		strays:    newStraySet(),
	}
}

// record is what the lane holds of the key, zero if nothing.
func (l *lane) record(key []byte) (r progress.Record) {
	flights := l.frozen.of(key)
	if e := l.pending.entries[spool.Key(key)]; e != nil {
		r = e.joined(flights)
	} else {
		r, _ = flights.joined()
	}
	l.strays.join(&r, key)
	return r
}

// eachPending calls visit for portions of the pending entries until it returns false or
// an error. The lane is locked by visit.
func (l *lane) eachPending(visit func(*walk) (more bool, err error)) error {
	l.mu.Lock()
	w := l.pending.walk()
	l.mu.Unlock()
	more, err := visit(w)
	for more && err == nil {
		more, err = visit(w)
	}
	l.mu.Lock()
	w.end()
	l.mu.Unlock()
	return err
}

// signal wakes the lane's writer.
func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// insert makes e pending, with what its update, nil for none, says of when to write.
// Its window is the youngest.
func (l *lane) insert(e *entry, u *progress.Update) {
	table := l.pending.order.table
	e.terms = table.Of(&e.record)
	l.rhythms.take(e)
	if u != nil {
		e.hint(u, e.changed, table.Floor())
	}
	if l.pending.insert(e) {
		l.signal()
	}
}

// urge makes e due, and worth a write of its own from the given moment.
func (l *lane) urge(e *entry, from time.Duration) {
	if l.pending.order.urge(e, from) {
		l.signal()
	}
}

// saved reports whether all that m stands for is confirmed, quarantined or at another
// home.
func (l *lane) saved(m laneDue) bool {
	turn := m.turn
	if m.stray != 0 {
		if oldest := l.strays.oldest(); oldest != 0 && oldest <= m.stray {
			return false
		}
		turn = max(turn, l.takenTurn)
	}
	if e := l.pending.order.urgent.head; e != nil && e.turn <= turn {
		return false
	}
	for _, fb := range l.frozen.batches {
		if fb.freeze <= m.freeze || fb.turn != 0 && fb.turn <= turn {
			return false
		}
	}
	return true
}
