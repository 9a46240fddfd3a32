package buffer

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
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
		for _, l := range b.lanes {
			_ = b.expireEvents(l) // an error of the disk shows in Failed
		}
		if !b.space.refusing.Load() {
			continue
		}
		// Errors of the disk show in Failed; anything else is tried again at
		// the next tick.
		for _, l := range b.lanes {
			_ = b.pruneLane(l, 0)
		}
		if b.space.freed.Load() >= worthReclaiming || time.Since(reclaimed) >= reclaimPause {
			b.space.freed.Store(0)
			_ = b.journal.reclaim(ctx)
			reclaimed = time.Now()
			b.measure()
		}
	}
}

func (b *Buffer) measure() {
	free, err := b.freeBytes()
	b.space.measured(b.journal.size(), free, err == nil, b.policy.Load())
}

// expireEvents forgets event ids that are too old, though no update comes.
func (b *Buffer) expireEvents(l *lane) error {
	p, now := b.policy.Load(), b.clock.read().wall
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events.expire(now, p.EventIDs, len(b.lanes))
	last := l.events.takeForgotten()
	if last == 0 {
		return nil
	}
	c := b.journal.begin()
	c.deleteEventsThrough(l.number, last)
	return b.journal.appendLazily(c)
}

// pruneLane drops batches that were confirmed up to the given instant, and more
// where they are too much for the disk.
func (b *Buffer) pruneLane(l *lane, until progress.Instant) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := b.journal.begin()
	b.dropKept(c, l, until)
	if c.empty() {
		return c.close()
	}
	return b.journal.appendLazily(c)
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
