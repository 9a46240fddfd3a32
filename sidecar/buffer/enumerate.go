package buffer

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

const (
	// portion is how many entries of a checkpoint are read under one lock.
	portion = 64
	// portionBytes is the size at which no more batches are read under it.
	portionBytes = 64 << 10
)

// enumerate passes all entries there are to add, in portions, so that no call
// waits long for it. What changes meanwhile may be missing or there, as the spool
// replays the log over it.
func (s *state) enumerate(clock *clock, add func(*spool.Change) error) error {
	c := s.spool.Begin()
	c.PutFormat(s.format)
	if err := add(c); err != nil {
		return err
	}
	if err := s.enumerateQuarantine(add); err != nil {
		return err
	}
	if err := s.enumerateTombstones(add); err != nil {
		return err
	}
	if err := s.enumerateSenders(clock, add); err != nil {
		return err
	}
	if err := s.enumerateHandedOver(add); err != nil {
		return err
	}
	for _, l := range s.lanes {
		if err := s.enumerateBatches(l, add); err != nil {
			return err
		}
		if err := s.enumerateEvents(1<<l.number, l.number, &l.events, add); err != nil {
			return err
		}
		if err := s.enumeratePending(l, clock, add); err != nil {
			return err
		}
		if err := s.enumerateStrays(l, add); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) enumerateQuarantine(add func(*spool.Change) error) error {
	for after, more := uint64(0), true; more; {
		c := s.spool.Begin()
		s.lanes.lock(anyLane)
		var letters []DeadLetter
		letters, more = s.quarantine.page(after, portion)
		last := s.quarantine.last
		s.lanes.unlock(anyLane)
		if last == 0 {
			return nil
		}
		for i := range letters {
			c.PutDeadLetter(&letters[i])
			after = letters[i].ID
		}
		c.PutLastDeadLetter(last)
		if err := add(c); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) enumerateTombstones(add func(*spool.Change) error) error {
	c := s.spool.Begin()
	s.lanes.lock(anyLane)
	for id, t := range s.tombstones {
		c.PutTombstone(id, t)
	}
	s.lanes.unlock(anyLane)
	return add(c)
}

func (s *state) enumerateSenders(clock *clock, add func(*spool.Change) error) error {
	s.lanes.lock(anyLane)
	ids := s.senders.ids()
	s.lanes.unlock(anyLane)
	for some := range slices.Chunk(ids, portion) {
		c := s.spool.Begin()
		now := clock.read()
		s.lanes.lock(anyLane)
		for _, id := range some {
			if of := s.senders.of(id); of != nil {
				of.put(c, now)
			}
		}
		s.lanes.unlock(anyLane)
		if err := add(c); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) enumerateStrays(l *lane, add func(*spool.Change) error) error {
	for after, more := progress.Instant(0), true; more; {
		c := s.spool.Begin()
		l.mu.Lock()
		waiting := l.strays.above(after)
		some := waiting[:min(portion, len(waiting))]
		for _, x := range some {
			c.PutStray(&x.Stray)
			after = x.ID
		}
		more = len(some) < len(waiting)
		l.mu.Unlock()
		if err := add(c); err != nil {
			return err
		}
	}
	return nil
}

// enumerateBatches passes on the lane's numbers, and the batches that are frozen
// or kept.
func (s *state) enumerateBatches(l *lane, add func(*spool.Change) error) error {
	c := s.spool.Begin()
	l.mu.Lock()
	s.putLane(c, l)
	for _, fb := range l.frozen.batches {
		c.PutBatch(l.number, fb.number, fb.encoded)
	}
	l.mu.Unlock()
	if err := add(c); err != nil {
		return err
	}
	for after, more := uint64(0), true; more; {
		c := s.spool.Begin()
		l.mu.Lock()
		kept := l.kept.above(after)
		for len(kept) > 0 && c.Len() < portionBytes {
			kept[0].put(c, l.number)
			after, kept = kept[0].number, kept[1:]
		}
		more = len(kept) > 0
		l.mu.Unlock()
		if err := add(c); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) enumerateHandedOver(add func(*spool.Change) error) error {
	return s.enumerateEvents(anyLane, spool.NoLane, &s.handedOver, add)
}

// enumerateEvents passes on the ids of a window, which is read with the set locked.
func (s *state) enumerateEvents(set laneSet, lane int, w *eventWindow, add func(*spool.Change) error) error {
	after := progress.Instant(-1 << 63)
	for {
		c := s.spool.Begin()
		s.lanes.lock(set)
		segment, ids := w.segmentAfter(after)
		for id, kind := range ids {
			c.PutEvent(lane, segment, id, kind)
		}
		s.lanes.unlock(set)
		if ids == nil {
			return nil
		}
		if err := add(c); err != nil {
			return err
		}
		after = segment
	}
}

func (s *state) enumeratePending(l *lane, clock *clock, add func(*spool.Change) error) error {
	return l.eachPending(func(w *walk) (bool, error) {
		c := s.spool.Begin()
		now := clock.read()
		l.mu.Lock()
		more := w.visit(portion, func(e *entry) { e.put(c, now) })
		l.mu.Unlock()
		return more, add(c)
	})
}
