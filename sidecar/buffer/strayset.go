package buffer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// stray is an update that waits for the home of its learner. It takes about 500
// bytes beside its key.
type stray struct {
	spool.Stray
	key   spool.Key // which the strings of Update.Key are part of
	event spool.EventID
	// again says that another sidecar has handed the same event on to this one. That
	// one keeps its own no longer, so that this one is not dropped for what was said of
	// it before.
	again bool
}

// newStray is an update that arrived at the given instant. It shares no memory with
// the caller of PutStray. What the update means by when it arrived and by the
// policy is written into it, so that it means the same at its home later: a time
// that it does not have or that lies ahead, and that it completes its lesson.
func newStray(u *progress.Update, key spool.Key, event spool.EventID, received progress.Instant, completion progress.Completion) *stray {
	r := completion.Record(u, received)
	s := &stray{Stray: spool.Stray{ID: received, Update: *u}, key: key, event: event}
	s.Update.Key, _ = key.Split()
	s.Update.ModuleID, s.Update.EventID = strings.Clone(u.ModuleID), strings.Clone(u.EventID)
	s.Update.OccurredAt, s.Update.Completed = r.LastWatchedAt, r.Completed
	return s
}

// record is what the stray says of its key, of the given generation.
func (s *stray) record(generation progress.Instant) progress.Record {
	r := s.Update.Record(s.ID, 0)
	r.Generation = generation
	return r
}

// straySet is the strays of a lane.
type straySet struct {
	waiting  []*stray // in the order of their arrival
	keys     map[spool.Key][]*stray
	learners map[string]map[spool.Key]struct{}
	events   map[spool.EventID]*stray
}

func newStraySet() straySet {
	return straySet{
		keys: map[spool.Key][]*stray{}, learners: map[string]map[spool.Key]struct{}{}, events: map[spool.EventID]*stray{},
	}
}

func (s *straySet) has(event spool.EventID) bool { return s.ofEvent(event) != nil }

// ofEvent returns the stray of an event, nil if it is not there.
func (s *straySet) ofEvent(event spool.EventID) *stray { return s.events[event] }

// add takes a stray that arrived after all others.
func (s *straySet) add(x *stray) {
	s.waiting = append(s.waiting, x)
	s.keys[x.key] = append(s.keys[x.key], x)
	s.events[x.event] = x
	user := x.Update.UserID
	if s.learners[user] == nil {
		s.learners[user] = map[spool.Key]struct{}{}
	}
	s.learners[user][x.key] = struct{}{}
}

// get returns a stray, nil if it is not there.
func (s *straySet) get(id progress.Instant) *stray {
	if i, found := s.place(id); found {
		return s.waiting[i]
	}
	return nil
}

// above are the strays that arrived after the given one.
func (s *straySet) above(id progress.Instant) []*stray {
	i, found := s.place(id)
	if found {
		i++
	}
	return s.waiting[i:]
}

// place is where the stray is, or would be.
func (s *straySet) place(id progress.Instant) (int, bool) {
	return slices.BinarySearchFunc(s.waiting, id, func(x *stray, id progress.Instant) int { return cmp.Compare(x.ID, id) })
}

// remove drops strays that are there.
func (s *straySet) remove(gone []*stray) {
	if len(gone) == 0 {
		return
	}
	ids := make(map[progress.Instant]struct{}, len(gone))
	for _, x := range gone {
		ids[x.ID] = struct{}{}
	}
	left := func(x *stray) bool { _, ok := ids[x.ID]; return ok }
	if s.waiting = slices.DeleteFunc(s.waiting, left); len(s.waiting) == 0 {
		*s = newStraySet() // gives the memory back
		return
	}
	for _, x := range gone {
		delete(s.events, x.event)
		others := slices.DeleteFunc(s.keys[x.key], left)
		if s.keys[x.key] = others; len(others) > 0 {
			continue
		}
		delete(s.keys, x.key)
		user := x.Update.UserID
		if delete(s.learners[user], x.key); len(s.learners[user]) == 0 {
			delete(s.learners, user)
		}
	}
}

// takeKey removes and returns the strays of a key.
func (s *straySet) takeKey(key []byte) []*stray {
	gone := slices.Clone(s.keys[spool.Key(key)])
	s.remove(gone)
	return gone
}

// takeLearner removes and returns the learner's strays.
func (s *straySet) takeLearner(userID string) []*stray {
	var gone []*stray
	for key := range s.learners[userID] {
		gone = append(gone, s.keys[key]...)
	}
	s.remove(gone)
	return gone
}

// each calls do for the keys that f matches, with their strays.
func (s *straySet) each(f Filter, do func(key spool.Key, all []*stray)) {
	if f.UserID == "" {
		for key, all := range s.keys {
			if f.matches(&all[0].Update.Key) {
				do(key, all)
			}
		}
		return
	}
	for key := range s.learners[f.UserID] {
		if all := s.keys[key]; f.matches(&all[0].Update.Key) {
			do(key, all)
		}
	}
}

// newest is the arrival of the newest stray that f matches, 0 for none.
func (s *straySet) newest(f Filter) (newest progress.Instant) {
	s.each(f, func(_ spool.Key, all []*stray) { newest = max(newest, all[len(all)-1].ID) })
	return newest
}

// oldest is the arrival of the oldest stray, 0 for none.
func (s *straySet) oldest() progress.Instant {
	if len(s.waiting) == 0 {
		return 0
	}
	return s.waiting[0].ID
}

// join merges the strays of a key into r, which is what else is held of it. They are
// of r's generation, since a reset removes those that came before it.
func (s *straySet) join(r *progress.Record, key []byte) {
	for _, x := range s.keys[spool.Key(key)] {
		if more := x.record(r.Generation); r.ReceivedAt == 0 {
			*r = more
		} else {
			*r = progress.MergeForReader(*r, more)
		}
	}
}
