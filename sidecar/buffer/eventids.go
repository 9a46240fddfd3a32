package buffer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// maxEventPage is the most ids that one write takes.
const maxEventPage = 1024

// eventIDs is the part of a Buffer that exchanges the ids of events with other
// sidecars.
type eventIDs struct{ *core }

// EventIDsWhere returns the ids of events that were merged, here or in a sidecar
// that handed their ids over, of the learners whose number (package learnerhash) is
// wanted; the oldest first, by segments of the memory of ids. Left out are the ids of strays,
// and of strays that went to their home: nobody may have merged these yet. So are
// ids that an earlier version wrote, which mean nothing to another sidecar.
func (e *eventIDs) EventIDsWhere(wanted func(learner uint64) bool) []spool.EventID {
	var segments []mergedSegment
	for _, l := range e.lanes {
		segments = e.merged(segments, 1<<l.number, &l.events, wanted)
	}
	segments = e.merged(segments, anyLane, &e.handedOver, wanted)
	slices.SortStableFunc(segments, func(a, b mergedSegment) int { return cmp.Compare(a.opened, b.opened) })
	var ids []spool.EventID
	for _, s := range segments {
		ids = append(ids, s.ids...)
	}
	return ids
}

// mergedSegment is the wanted events of a segment that were merged.
type mergedSegment struct {
	opened progress.Instant
	ids    []spool.EventID
}

// merged appends the segments of a window, which is read with the set locked, a
// segment at a time.
func (e *eventIDs) merged(
	to []mergedSegment, set laneSet, w *eventWindow, wanted func(learner uint64) bool,
) []mergedSegment {
	for after := progress.Instant(-1 << 63); ; {
		e.lanes.lock(set)
		opened, all := w.segmentAfter(after)
		ids := make([]spool.EventID, 0, len(all))
		for id, kind := range all {
			if kind == spool.EventMerged {
				ids = append(ids, id)
			}
		}
		e.lanes.unlock(set)
		if all == nil {
			return to
		}
		ids = slices.DeleteFunc(ids, func(id spool.EventID) bool { return !wanted(id.Learner()) })
		to, after = append(to, mergedSegment{opened, ids}), opened
	}
}

// RememberEventIDs takes the ids of events that another sidecar merged, and returns
// when the disk has them. Updates with these ids are duplicates from then on, and
// strays with these ids are removed. Ids that are known to be merged change nothing.
//
// What is taken has the bounds of Policy.EventIDs for itself, and forgets none of
// the ids of this sidecar. After an error, which is one of Put's, some of the ids may
// have been taken, and all can be given again.
func (e *eventIDs) RememberEventIDs(ctx context.Context, ids []spool.EventID) error {
	for page := range slices.Chunk(ids, maxEventPage) {
		if err := e.rememberPage(ctx, page); err != nil {
			return fmt.Errorf("remembering the events that another sidecar merged: %w", err)
		}
	}
	return nil
}

func (e *eventIDs) rememberPage(ctx context.Context, ids []spool.EventID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave()
	c, removed, err := e.rememberLocked(ids)
	if err != nil {
		return err
	}
	if err := e.spool.Wait(c); err != nil {
		return err
	}
	if removed {
		e.saved.send()
	}
	return nil
}

// rememberLocked returns the change to wait for, even if it is empty: what is known
// may be on its way to the disk. removed says that there were strays among the ids.
func (e *eventIDs) rememberLocked(ids []spool.EventID) (c *spool.Change, removed bool, err error) {
	now, p := e.clock.read(), e.policy.Load()
	defer e.lanes.unlock(e.lanes.lock(e.lanes.all()))
	if e.space.refusing.Load() {
		return nil, false, ErrNoSpace
	}
	c = e.spool.Begin()
	removed = e.removeStrays(c, ids)
	for _, id := range ids {
		e.takeEvent(c, id, now, p)
	}
	e.putForgotten(c)
	e.space.wrote(c.Len())
	return c, removed, e.commit(e.spool.Append(c))
}

// removeStrays removes the strays of events, writes that into c, and reports whether
// there were any. All lanes are locked.
func (s *state) removeStrays(c *spool.Change, ids []spool.EventID) (removed bool) {
	for _, l := range s.lanes {
		var gone []*stray
		for _, id := range ids {
			if x := l.strays.ofEvent(id); x != nil {
				c.DeleteStray(x.ID)
				gone = append(gone, x)
			}
		}
		before := len(l.strays.waiting) // ids may be there twice
		l.strays.remove(gone)
		s.capacity.add(len(l.strays.waiting) - before)
		removed = removed || len(gone) > 0
	}
	return removed
}

// takeEvent remembers an event that another sidecar merged, unless it is known to be
// merged, and writes that into c. All lanes are locked.
func (s *state) takeEvent(c *spool.Change, id spool.EventID, now reading, p *Policy) {
	if p.EventIDs.MaxCount <= 0 || s.handedOver.has(id) {
		return
	}
	for _, l := range s.lanes {
		if _, kind, found := l.events.find(id); found {
			if kind == spool.EventHandedOn {
				l.remember(c, id, spool.EventMerged, now, p, len(s.lanes))
			}
			return
		}
	}
	segment := s.handedOver.add(id, spool.EventMerged, now.wall, p.EventIDs, 1)
	c.PutEvent(spool.NoLane, segment, id, spool.EventMerged)
}

// putForgotten writes into c that the disk may forget the ids that other sidecars
// handed over and memory forgot.
func (s *state) putForgotten(c *spool.Change) {
	if last := s.handedOver.takeForgotten(); last != 0 {
		c.DeleteEventsThrough(spool.NoLane, last)
	}
}
