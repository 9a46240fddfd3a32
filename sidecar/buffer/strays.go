package buffer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// Stray is an update that was accepted by PutStray: its ID is its arrival, and tells
// it from all others.
type Stray = spool.Stray

// maxStrayPage is the most that Strays returns at once, and that one write takes.
const maxStrayPage = 1000

// strays is the part of a Buffer that lets updates go on to their home.
type strays struct {
	*core
	onTaken func(strays, merged int) // Options.OnTaken
}

// Strays returns up to limit (1 to 1000) strays that arrived after the given one, in
// the order of their arrival. more says that others follow on the last of them.
// What they hold must not be changed.
func (s *strays) Strays(after progress.Instant, limit int) (page []Stray, more bool) {
	limit = min(max(limit, 1), maxStrayPage)
	for _, l := range s.lanes {
		l.mu.Lock()
		waiting := l.strays.above(after)
		// One more than asked for tells whether there are more.
		for _, x := range waiting[:min(limit+1, len(waiting))] {
			page = append(page, x.Stray)
		}
		l.mu.Unlock()
	}
	slices.SortFunc(page, func(a, b Stray) int { return cmp.Compare(a.ID, b.ID) })
	if len(page) > limit {
		return page[:limit], true
	}
	return page, false
}

// DropStrays removes strays that their home has on its disk, and returns when the
// disk has that. Their event ids are remembered, but not returned by EventIDsWhere:
// the home may have kept them as strays. Those that are not there any more are left
// out: a reset, an erasure or RememberEventIDs has removed them. One that another
// sidecar has handed on meanwhile stays, and may be dropped by the next call: two
// sidecars that take each other for the home would else both drop what the other has.
func (s *strays) DropStrays(ctx context.Context, ids []progress.Instant) error {
	now, p := s.clock.read(), s.policy.Load()
	_, err := s.end(ctx, ids, func(c *spool.Change, l *lane, x *stray) bool {
		if x.again {
			x.again = false
			return false
		}
		s.capacity.add(-1)
		l.remember(c, x.event, spool.EventHandedOn, now, p, len(s.lanes))
		return true
	})
	if err != nil {
		return fmt.Errorf("dropping updates that their home has: %w", err)
	}
	s.saved.send()
	return nil
}

// TakeStrays merges strays into the pending records of their keys, which are due
// then, and returns when the disk has that: the sidecar is the home of their
// learners itself, or there is no other. It must not be called for strays that
// are on their way to another home. It returns how many of them are strays no
// more; one whose sums don't fit those that are pending stays until these are
// frozen.
func (s *strays) TakeStrays(ctx context.Context, ids []progress.Instant) (taken int, err error) {
	now, p, merged := s.clock.read(), s.policy.Load(), 0
	taken, err = s.end(ctx, ids, func(c *spool.Change, l *lane, x *stray) bool {
		waiting := l.pending.entries[x.key] != nil
		fits := s.takeStray(c, l, x, now, p)
		if fits && waiting {
			merged++
		}
		return fits
	})
	if err == nil && taken > 0 && s.onTaken != nil {
		s.onTaken(taken, merged)
	}
	return taken, wrap("keeping updates that have no other home", err)
}

// TakeAllStrays is TakeStrays for all that are there when it is called. It returns
// how many stay.
func (s *strays) TakeAllStrays(ctx context.Context) (left int, err error) {
	for after, more := progress.Instant(0), true; more; {
		var page []Stray
		if page, more = s.Strays(after, maxStrayPage); len(page) == 0 {
			break
		}
		ids := make([]progress.Instant, len(page))
		for i := range page {
			ids[i] = page[i].ID
		}
		taken, err := s.TakeStrays(ctx, ids)
		if err != nil {
			return left, err
		}
		left += len(ids) - taken
		after = ids[len(ids)-1]
	}
	return left, nil
}

// end removes strays in one write, unless do returns false for them. It returns
// for how many it was true.
func (s *strays) end(ctx context.Context, ids []progress.Instant, do func(*spool.Change, *lane, *stray) bool) (ended int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	err = s.write(s.lanes.all(), func(c *spool.Change) error {
		for _, l := range s.lanes {
			var gone []*stray
			for _, id := range ids {
				if x := l.strays.get(id); x != nil && do(c, l, x) {
					c.DeleteStray(id)
					gone = append(gone, x)
				}
			}
			l.strays.remove(gone)
			ended += len(gone)
		}
		return nil
	})
	return ended, err
}

// takeStray merges a stray into the pending record of its key, and writes that into
// c. It returns false, and changes nothing, if the sums don't fit.
func (s *state) takeStray(c *spool.Change, l *lane, x *stray, now reading, p *Policy) bool {
	e := l.pending.entries[x.key]
	generation, _ := known(e, l.frozen.of([]byte(x.key)))
	r := x.record(generation)
	switch {
	case e == nil: // and its place in the capacity is the stray's
		e = newEntry(x.key, r, now)
		l.insert(e, nil)
	case progress.Fit(&e.record, &r):
		l.merge(e, r, nil, now)
		s.capacity.add(-1)
	default:
		return false
	}
	e.complete(l.frozen.of([]byte(x.key)), p)
	if e.record.Completed && !l.completed.add(e.key) && e.terms.FlushOnComplete {
		e.lasting = true
	}
	s.tellMerged(e, p)
	// It has waited as a stray already.
	l.urge(e, now.elapsed+p.Gather)
	l.takenTurn = max(l.takenTurn, e.turn)
	e.put(c, now)
	l.remember(c, x.event, spool.EventMerged, now, p, len(s.lanes))
	return true
}
