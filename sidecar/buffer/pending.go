package buffer

import (
	"hash/maphash"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// pendingSet is the records of a lane that wait to be frozen, found by key and by
// learner, and in the order in which they are due.
type pendingSet struct {
	entries map[spool.Key]*entry
	peak    int // of entries, since the map was made
	// learners finds the first entry of each learner by a hash of the id.
	learners map[uint64]*entry
	seed     maphash.Seed
	order    dueOrder
	updates  int64   // that the records stand for
	walks    []*walk // that are under way
}

func newPendingSet(table *timing.Table) pendingSet {
	return pendingSet{
		entries:  map[spool.Key]*entry{},
		learners: map[uint64]*entry{},
		seed:     maphash.MakeSeed(),
		order:    newDueOrder(table),
	}
}

// insert adds e, whose window is the youngest. It returns whether e may be worth a
// write before all others.
func (s *pendingSet) insert(e *entry) (sooner bool) {
	s.entries[e.key] = e
	s.peak = max(s.peak, len(s.entries))
	sooner = s.order.add(e)
	h := maphash.String(s.seed, e.record.UserID)
	if first := s.learners[h]; first != nil {
		e.userNext, first.userPrev = first, e
	}
	s.learners[h] = e
	s.updates += e.record.Accepted()
	return sooner
}

// smallMap is the size below which a map's memory isn't worth giving back.
const smallMap = 1024

// remove takes e out of everything.
func (s *pendingSet) remove(e *entry) {
	delete(s.entries, e.key)
	for _, w := range s.walks {
		w.removed(e)
	}
	s.order.remove(e)
	if e.userNext != nil {
		e.userNext.userPrev = e.userPrev
	}
	if e.userPrev != nil {
		e.userPrev.userNext = e.userNext
	} else if h := maphash.String(s.seed, e.record.UserID); e.userNext != nil {
		s.learners[h] = e.userNext
	} else {
		delete(s.learners, h)
	}
	s.updates -= e.record.Accepted()
	if len(s.entries) == 0 && s.peak > smallMap {
		s.entries, s.learners, s.peak = map[spool.Key]*entry{}, map[uint64]*entry{}, 0
	}
}

// update gives e another record.
func (s *pendingSet) update(e *entry, r *progress.Record, at time.Duration) {
	s.updates += r.Accepted() - e.record.Accepted()
	e.record = *r
	e.changed = at
}

// takeDue removes and returns up to limit entries that are due at the given
// moment, the one to be written first in front.
func (s *pendingSet) takeDue(at time.Duration, limit int, r dueRules) []*entry {
	var taken []*entry
	for len(taken) < limit {
		e := s.order.first(at, r)
		if e == nil {
			break
		}
		s.remove(e)
		r.relief--
		taken = append(taken, e)
	}
	return taken
}

// takeLearner removes and returns the learner's entries.
func (s *pendingSet) takeLearner(userID string) []*entry {
	var taken []*entry
	s.each(Filter{UserID: userID}, func(e *entry) { taken = append(taken, e) })
	for _, e := range taken {
		s.remove(e)
	}
	return taken
}

// each calls do for the entries that f matches, by age where f names no learner.
// do must not add or remove entries.
func (s *pendingSet) each(f Filter, do func(*entry)) {
	if f.UserID == "" {
		for e := s.order.age.head; e != nil; e = e.links[byAge].next {
			if f.matches(&e.record.Key) {
				do(e)
			}
		}
		return
	}
	for e := s.learners[maphash.String(s.seed, f.UserID)]; e != nil; e = e.userNext {
		if f.matches(&e.record.Key) {
			do(e)
		}
	}
}
