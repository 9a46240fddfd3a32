package buffer

import (
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// state is what the buffer holds: in memory, and the same in the spool on disk.
type state struct {
	spool  *spool.Spool
	format spool.Format
	salt   salt
	// notBefore is the end of the short time after the start in which windows that
	// ended before are left alone, so that pods that start together don't write
	// together. It is elapsed time as in clock.
	notBefore time.Duration
	stretch   stretch
	listener  listener
	lanes     lanes
	capacity  capacity
	arrivals  arrivals
	// quarantine, tombstones, senders and handedOver belong to no lane, see lanes.
	quarantine quarantine
	tombstones tombstones
	senders    senders
	// handedOver are ids of events that other sidecars merged. It has the bounds of
	// all lanes together, and takes nothing of theirs.
	handedOver eventWindow
}

// append lets decide change memory, with the lanes in the set locked, and write
// into c what it changed, which goes to the spool behind all that was decided
// before. The disk doesn't have it yet. Where decide fails it has changed nothing.
// The result is nil if there is nothing to wait for.
func (s *state) append(set laneSet, decide func(c *spool.Change) error) (*spool.Change, error) {
	c := s.spool.Begin()
	defer s.lanes.unlock(s.lanes.lock(set))
	if err := decide(c); err != nil || c.Empty() {
		return nil, err
	}
	return c, s.commit(s.spool.Append(c))
}

// appendLazily is append for what nobody waits for.
func (s *state) appendLazily(set laneSet, decide func(c *spool.Change) error) error {
	c := s.spool.Begin()
	defer s.lanes.unlock(s.lanes.lock(set))
	if err := decide(c); err != nil || c.Empty() {
		return err
	}
	return s.commit(s.spool.AppendLazily(c))
}

// commit is the result of appending a change of what memory has already. Without
// room for it on the disk, memory and disk would differ from then on.
func (s *state) commit(err error) error {
	if errors.Is(err, spool.ErrNoSpace) {
		s.spool.Fail(err)
		return ErrFailed
	}
	return err
}

// dueRules are the rules of this moment.
func (s *state) dueRules(p *Policy) dueRules {
	return dueRules{stretch: s.stretch.factor(), notBefore: s.notBefore, relief: s.capacity.relief(p)}
}

// putLane writes the lane's numbers into c.
func (s *state) putLane(c *spool.Change, l *lane) { c.PutLane(l.number, l.numbers(&s.arrivals)) }

// freeze makes a batch of entries that are not pending any more, nil of none, and
// writes that into c.
func (s *state) freeze(c *spool.Change, l *lane, entries []*entry, now reading, p *Policy) *frozenBatch {
	if len(entries) == 0 {
		return nil
	}
	s.capacity.add(-len(entries))
	rules := s.dueRules(p)
	late := entries[0].end(rules)
	for _, e := range entries {
		late = min(late, e.end(rules))
		l.rhythms.keep(e, now.elapsed, p.rhythms(len(s.lanes)))
		c.DeletePending(e.key)
	}
	fb := l.frozen.freeze(entries, now)
	fb.late = now.wallOf(late)
	l.putBatch(c, fb)
	return fb
}

// replay makes a record pending and due, and writes that into c.
func (s *state) replay(c *spool.Change, r *progress.Record, now reading) error {
	key := spool.KeyOf(r.Key)
	l := s.lanes.of([]byte(key))
	e := l.pending.entries[key]
	if e == nil {
		s.capacity.add(1)
		e = newEntry(key, *r, now)
		l.insert(e, nil)
	} else {
		// What came since a reset doesn't know of it, if the reset was refused.
		since := e.record.Raise(r.Generation)
		if !progress.Fit(&since, r) {
			return ErrRange
		}
		merged := progress.Merge(since, *r)
		merged.Key = e.record.Key
		l.pending.update(e, &merged, now.elapsed)
	}
	if e.record.Completed {
		l.completed.add(e.key)
	}
	e.lasting = true
	l.urge(e, now.elapsed)
	e.put(c, now)
	return nil
}

// erase removes all that the buffer has of a learner, and writes that into c.
// All lanes are locked.
func (s *state) erase(c *spool.Change, userID string, now reading) (e Erased, err error) {
	// Nothing changes before all that can fail has been read.
	kept := make([][]keptBatch, len(s.lanes))
	for i, l := range s.lanes {
		var gone int
		if kept[i], gone, err = l.kept.without(userID); err != nil {
			return e, fmt.Errorf("lane %d: %w", i, err)
		}
		e.Confirmed += gone
	}
	e.Erasure = Erasure{UserID: userID, At: s.arrivals.next(now.wall)}
	id := s.salt.learnerID(nil, userID)
	t := spool.Tombstone{At: e.At, UserID: userID}
	dropped, ok := s.tombstones.add(id, t)
	if !ok {
		return e, ErrFull
	}
	c.PutTombstone(id, t)
	for _, old := range dropped {
		c.DeleteTombstone(old)
	}
	letters := s.quarantine.takeLearner(userID)
	for _, dl := range letters {
		c.DeleteDeadLetter(spool.KeyOf(dl.Record.Key))
	}
	e.DeadLetters = len(letters)
	of, salted := learnerNamed(userID), s.salt.learner(nil, userID)
	elsewhere := s.handedOver.erase(of, salted)
	for _, place := range elsewhere {
		c.DeleteEvent(spool.NoLane, place.segment, place.id)
	}
	e.EventIDs += len(elsewhere)
	for i, l := range s.lanes {
		l.kept.replace(kept[i])
		for _, k := range kept[i] {
			k.put(c, i)
		}
		pending, frozen, events := l.erase(c, userID, of, salted)
		s.capacity.add(-pending)
		e.Pending += pending
		e.Frozen += frozen
		e.EventIDs += events
		s.putLane(c, l)
	}
	return e, nil
}
