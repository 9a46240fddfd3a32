package buffer

import (
	"context"
	"time"
)

const (
	housekeepingPause = time.Second
	reclaimPause      = 10 * time.Second // unless much was deleted
	lazySyncDelay     = 50 * time.Millisecond

	// worthReclaiming is how many deleted bytes are worth a compaction.
	worthReclaiming = 4 << 20
)

// housekeep runs until Close or a fault.
func (b *Buffer) housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepingPause)
	defer tick.Stop()
	var reclaimed time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.Failed():
			return
		case <-tick.C:
		case <-b.space.check:
		}
		b.measure()
		b.scrubSoon(ctx)
		b.expire()
		if !b.space.refusing.Load() {
			continue
		}
		if b.space.freed.Load() >= worthReclaiming || time.Since(reclaimed) >= reclaimPause {
			b.space.freed.Store(0)
			_ = b.journal.reclaim(ctx) // an error of the disk shows in Failed
			reclaimed = time.Now()
			b.measure()
		}
	}
}

func (b *Buffer) measure() {
	free, err := b.freeBytes()
	b.space.measured(b.journal.size(), free, err == nil, b.policy.Load())
}

// expire forgets what is too old or too much, though no call comes.
func (b *Buffer) expire() {
	p, now := b.policy.Load(), b.clock.read().wall
	for i, l := range b.lanes {
		// An error of the disk shows in Failed.
		_ = b.appendLazily(1<<i, func(c change) error {
			l.events.expire(now, p.EventIDs, len(b.lanes))
			c.deleteEventsThrough(i, l.events.takeForgotten())
			if b.space.refusing.Load() {
				b.space.freed.Add(l.dropKept(c, 0, 0))
			}
			return nil
		})
	}
}

// wroteLazily sees to it that the disk soon has what nobody waits for.
func (b *Buffer) wroteLazily() {
	select {
	case b.written <- struct{}{}:
	default:
	}
}

// syncLazily syncs what nobody waits for, until Close or a fault.
func (b *Buffer) syncLazily(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.Failed():
			return
		case <-b.written:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lazySyncDelay):
		}
		_ = b.journal.sync() // its error shows in Failed
	}
}
