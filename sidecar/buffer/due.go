package buffer

import "time"

// NextDue returns when the lane's next records are to be written, which may be
// past, and false if nothing is pending. It is later than the end of the oldest
// window by Policy.Linger.
func (b *Buffer) NextDue(lane int) (time.Time, bool) {
	l, r := b.lanes[lane], b.dueRules(b.policy.Load())
	now := b.clock.read().elapsed
	l.mu.Lock()
	due, ok := l.pending.order.next(now, r)
	l.mu.Unlock()
	if !ok {
		return time.Time{}, false
	}
	return b.clock.time(due), true
}

// Wake is signalled when something of the lane may be due earlier than NextDue
// said before. It never closes.
func (b *Buffer) Wake(lane int) <-chan struct{} { return b.lanes[lane].wake }
