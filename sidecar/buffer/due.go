package buffer

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// due is the part of a Buffer that tells when records are to be written, and
// whether they were.
type due struct{ *core }

// NextDue returns when the lane's next records are to be written, which may be
// past, and false if nothing is pending. It is later than the end of the oldest
// window by Policy.Linger.
func (d *due) NextDue(lane int) (time.Time, bool) {
	l, r := d.lanes[lane], d.dueRules(d.policy.Load())
	now := d.clock.read().elapsed
	l.mu.Lock()
	next, ok := l.pending.order.next(now, r)
	l.mu.Unlock()
	if !ok {
		return time.Time{}, false
	}
	return d.clock.time(next), true
}

// Pressing is how many of the lane's records are due for another reason than
// time: their lessons were completed, somebody asked for them, or the buffer is
// above its high-water mark.
func (d *due) Pressing(lane int) int {
	l, r := d.lanes[lane], d.dueRules(d.policy.Load())
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending.order.pressing(r)
}

// Wake is signalled when something of the lane may be due earlier than NextDue
// said before. It never closes.
func (d *due) Wake(lane int) <-chan struct{} { return d.lanes[lane].wake }

// DueSet is what MakeDue found; see Saved.
type DueSet struct{ lanes []laneDue }

// laneDue is the last turn, the last freeze and the newest stray, within a lane, that
// a DueSet waits for.
type laneDue struct {
	turn, freeze uint64
	stray        progress.Instant // the newest, 0 for none
}

// MakeDue makes everything pending that f matches due now. Records that are
// already frozen count for the returned DueSet too, and strays, which are not due:
// they have to be handed on or taken.
func (d *due) MakeDue(f Filter) DueSet {
	m, now := DueSet{lanes: make([]laneDue, len(d.lanes))}, d.clock.read().elapsed
	for i, l := range d.lanes {
		l.mu.Lock()
		l.pending.each(f, func(e *entry) {
			l.urge(e, now)
			m.lanes[i].turn = max(m.lanes[i].turn, e.turn)
		})
		m.lanes[i].stray = l.strays.newest(f)
		for _, fb := range l.frozen.batches {
			if fb.matches(f) {
				m.lanes[i].freeze = max(m.lanes[i].freeze, fb.freeze)
			}
		}
		l.mu.Unlock()
	}
	return m
}

// MakeDueWhere makes what is pending of the learners whom match names due within the
// given time, at the latest. match is called with the lane locked, so that it must be
// quick and call nothing of the Buffer; no lane is locked for longer than for 64
// records. What comes meanwhile may be left out. All that is frozen counts for the
// returned DueSet too, and no strays.
func (d *due) MakeDueWhere(match func(userID string) bool, within time.Duration) DueSet {
	m, from := DueSet{lanes: make([]laneDue, len(d.lanes))}, d.clock.read().elapsed+within
	for i, l := range d.lanes {
		_ = l.eachPending(func(w *walk) (bool, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			m.lanes[i].freeze = l.frozen.freezes
			return w.visit(portion, func(e *entry) {
				if match(e.record.UserID) {
					l.urge(e, from)
					m.lanes[i].turn = max(m.lanes[i].turn, e.turn)
				}
			}), nil
		})
	}
	return m
}

// Saved reports whether all that m stands for is confirmed, quarantined or, of
// strays, at another home. The
// records of a lane are saved in their turn, so that it may wait for others
// that were due before.
func (d *due) Saved(m DueSet) bool {
	for i, want := range m.lanes {
		l := d.lanes[i]
		l.mu.Lock()
		saved := l.saved(want)
		l.mu.Unlock()
		if !saved {
			return false
		}
	}
	return true
}

// AwaitSaved returns when all that m stands for is Saved, or when ctx ends.
func (d *due) AwaitSaved(ctx context.Context, m DueSet) error {
	for {
		progressed := d.Progressed()
		if d.Saved(m) {
			return nil
		}
		select {
		case <-progressed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Progressed returns a channel that is closed at the next confirmation or
// quarantine. Take it before asking Saved.
func (d *due) Progressed() <-chan struct{} { return d.saved.wait() }
