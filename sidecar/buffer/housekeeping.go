package buffer

import (
	"context"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

const (
	housekeepingPause = time.Second
	lazySyncDelay     = 50 * time.Millisecond
)

// housekeep measures the spool and expires what is old, until Close or a fault.
func (b *Buffer) housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepingPause)
	defer tick.Stop()
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
		b.expire()
		b.checkpoints.check()
	}
}

func (b *Buffer) measure() {
	free, err := b.freeBytes()
	b.space.measured(measurement{
		size: b.spool.Size(), growth: b.spool.Growth(), short: b.spool.Short(), free: free, freeKnown: err == nil,
	}, b.policy.Load())
}

// expire forgets what is too old or too much, though no call comes.
func (b *Buffer) expire() {
	p, now := b.policy.Load(), b.clock.read().wall
	for i, l := range b.lanes {
		// An error of the disk shows in Failed.
		_ = b.appendLazily(1<<i, func(c *spool.Change) error {
			l.events.expire(now, p.EventIDs, len(b.lanes))
			l.putForgotten(c)
			if b.space.refusing.Load() {
				l.dropKept(c, 0, 0)
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
		_ = b.spool.Sync() // its error shows in Failed
	}
}
