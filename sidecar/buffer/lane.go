package buffer

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// lane holds the keys that are written in one order: what is pending, what is
// frozen, and which confirmed batches are kept.
type lane struct {
	number int
	wake   chan struct{}

	mu      sync.Mutex
	pending map[string]*entry
	peak    int // of pending, since the map was made
	users   map[uint64]*entry
	seed    maphash.Seed
	age     list // all pending entries, oldest window first
	urgent  list // those that are due whatever their age, in turn
	quiet   list // the others, longest quiet first; only with a quiet period
	quieted bool // whether quiet is kept
	turns   uint64

	pendingUpdates int64
	done           recent
	events         eventWindow

	next     uint64
	applied  uint64
	freezes  uint64
	frozen   []*frozenBatch
	inFlight map[string]*flight
	kept     []keptBatch
	keptSize int64
}

func newLane(number int, quieted bool) *lane {
	return &lane{
		number:   number,
		wake:     make(chan struct{}, 1),
		pending:  map[string]*entry{},
		users:    map[uint64]*entry{},
		seed:     maphash.MakeSeed(),
		age:      list{by: byAge},
		urgent:   list{by: byTurn},
		quiet:    list{by: byTurn},
		quieted:  quieted,
		done:     newRecent(),
		next:     1,
		inFlight: map[string]*flight{},
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
	if l.age.head == nil {
		l.signal()
	}
	l.pending[e.key] = e
	l.peak = max(l.peak, len(l.pending))
	l.age.pushBack(e)
	if l.quieted {
		l.quiet.pushBack(e)
	}
	h := maphash.String(l.seed, e.record.UserID)
	if first := l.users[h]; first != nil {
		e.userNext, first.userPrev = first, e
	}
	l.users[h] = e
	l.pendingUpdates += waiting(&e.record)
}

// smallMap is the size below which a map's memory isn't worth giving back.
const smallMap = 1024

// remove takes e out of everything.
func (l *lane) remove(e *entry) {
	delete(l.pending, e.key)
	l.age.remove(e)
	if e.turn != 0 {
		l.urgent.remove(e)
	} else if l.quieted {
		l.quiet.remove(e)
	}
	if e.userNext != nil {
		e.userNext.userPrev = e.userPrev
	}
	if e.userPrev != nil {
		e.userPrev.userNext = e.userNext
	} else if h := maphash.String(l.seed, e.record.UserID); e.userNext != nil {
		l.users[h] = e.userNext
	} else {
		delete(l.users, h)
	}
	l.pendingUpdates -= waiting(&e.record)
	if len(l.pending) == 0 && l.peak > smallMap {
		l.pending, l.users, l.peak = map[string]*entry{}, map[uint64]*entry{}, 0
	}
}

// change gives e another record.
func (l *lane) change(e *entry, r *progress.Record, at time.Duration) {
	l.pendingUpdates += waiting(r) - waiting(&e.record)
	e.record = *r
	e.changed = at
	if l.quieted && e.turn == 0 {
		l.quiet.remove(e)
		l.quiet.pushBack(e)
	}
}

// hurry makes e due now.
func (l *lane) hurry(e *entry) {
	if e.turn != 0 {
		return
	}
	if l.quieted {
		l.quiet.remove(e)
	}
	l.turns++
	e.turn = l.turns
	l.urgent.pushBack(e)
	l.signal()
}

// keepQuiet starts or stops keeping the order of the last changes.
func (l *lane) keepQuiet(on bool) {
	if l.quieted == on {
		return
	}
	l.quieted = on
	l.quiet = list{by: byTurn}
	var waiting []*entry
	for e := l.age.head; e != nil; e = e.links[byAge].next {
		if e.turn == 0 {
			e.links[byTurn] = links{}
			waiting = append(waiting, e)
		}
	}
	if !on {
		return
	}
	sortByChange(waiting)
	for _, e := range waiting {
		l.quiet.pushBack(e)
	}
}
