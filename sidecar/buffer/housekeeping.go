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

// housekeeper is the part of a Buffer that works by itself.
type housekeeper struct {
	*core
	// freeBytes asks how much the file system has left.
	freeBytes func() (uint64, error)
}

// housekeep measures the spool and expires what is old, until Close or a fault.
func (h *housekeeper) housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepingPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.spool.Failed():
			return
		case <-tick.C:
		case <-h.space.check:
		}
		h.measure()
		h.expire()
		h.checkpoints.check()
	}
}

func (h *housekeeper) measure() {
	free, err := h.freeBytes()
	h.space.measured(measurement{
		size: h.spool.Size(), growth: h.spool.Growth(), short: h.spool.Short(), free: free, freeKnown: err == nil,
	}, h.policy.Load())
}

// expire forgets what is too old or too much, though no call comes.
func (h *housekeeper) expire() {
	p, now := h.policy.Load(), h.clock.read()
	// Errors of the disk show in Failed.
	_ = h.appendLazily(h.lanes.all(), func(c *spool.Change) error {
		for _, id := range h.senders.expire(now.elapsed) {
			c.DeleteSender(id)
		}
		h.handedOver.expire(now.wall, p.EventIDs, 1)
		h.putForgotten(c)
		return nil
	})
	for i, l := range h.lanes {
		l.mu.Lock()
		final := l.rhythms.expire(now.elapsed)
		l.mu.Unlock()
		h.tellFinal(final)
		_ = h.appendLazily(1<<i, func(c *spool.Change) error {
			l.events.expire(now.wall, p.EventIDs, len(h.lanes))
			l.putForgotten(c)
			if h.space.refusing.Load() {
				l.dropKept(c, 0, 0)
			}
			return nil
		})
	}
}

// syncLazily syncs what nobody waits for, until Close or a fault.
func (h *housekeeper) syncLazily(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.spool.Failed():
			return
		case <-h.written:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lazySyncDelay):
		}
		_ = h.spool.Sync() // its error shows in Failed
	}
}
