package buffer

import (
	"cmp"
	"slices"
	"time"
)

func sortByChange(entries []*entry) {
	slices.SortStableFunc(entries, func(a, b *entry) int { return cmp.Compare(a.changed, b.changed) })
}

// nextDue returns the entry that is to be frozen first of those due at the
// given moment, nil if there is none.
func (b *Buffer) nextDue(l *lane, at time.Duration, p *Policy) *entry {
	if e := l.urgent.head; e != nil {
		return e
	}
	if b.crowded(p) {
		return l.age.head
	}
	if at < b.settled {
		return nil
	}
	if e := l.age.head; e != nil && at-e.opened >= p.Interval {
		return e
	}
	if e := l.quiet.head; e != nil && at-e.changed >= p.QuietPeriod {
		return e
	}
	return nil
}

// dueAt returns when the lane's next entries are worth a write, false if it has
// none. What became due by time lingers, so that those that follow closely share
// its batch; what is urgent does not.
func (b *Buffer) dueAt(l *lane, now time.Duration, p *Policy) (time.Duration, bool) {
	oldest := l.age.head
	switch {
	case oldest == nil:
		return 0, false
	case l.urgent.head != nil || b.crowded(p):
		return now, true
	}
	due := oldest.opened + p.Interval
	if e := l.quiet.head; e != nil {
		due = min(due, e.changed+p.QuietPeriod)
	}
	return max(due+p.Linger, b.settled), true
}

// crowded reports whether the buffer is above its high-water mark.
func (b *Buffer) crowded(p *Policy) bool { return b.pending.Load() > p.highWater() }

// NextDue returns when the lane's next records are to be written, which may be
// past, and false if nothing is pending. It is later than the end of the oldest
// window by Policy.Linger.
func (b *Buffer) NextDue(lane int) (time.Time, bool) {
	l, p := b.lanes[lane], b.policy.Load()
	now := b.clock.read().elapsed
	l.mu.Lock()
	due, ok := b.dueAt(l, now, p)
	l.mu.Unlock()
	if !ok {
		return time.Time{}, false
	}
	return b.clock.time(due), true
}

// Wake is signalled when something of the lane may be due earlier than NextDue
// said before. It never closes.
func (b *Buffer) Wake(lane int) <-chan struct{} { return b.lanes[lane].wake }
