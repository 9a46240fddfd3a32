package buffer

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// ConfirmThrough tells that a frozen batch of the lane, and all that are frozen
// before it, are in the database for good. They are kept for
// Policy.ReplayWindow. Confirming a batch that isn't frozen any more changes
// nothing.
//
// The disk may have it later: see doc.go.
func (b *Buffer) ConfirmThrough(lane int, number uint64) error {
	if err := b.confirm(lane, number); err != nil {
		return fmt.Errorf("confirming the batches up to %d of lane %d: %w", number, lane, err)
	}
	return nil
}

func (b *Buffer) confirm(lane int, number uint64) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	l, p, now := b.lanes[lane], b.policy.Load(), b.clock.read().wall
	err := b.appendLazily(1<<lane, func(c *spool.Change) error {
		i, err := l.frozen.find(number)
		if err != nil && number <= l.frozen.applied {
			return nil
		}
		if err != nil {
			return err
		}
		for range i + 1 {
			l.confirm(c, p.ReplayWindow > 0, now)
		}
		if p.ReplayWindow > 0 {
			l.dropKept(c, 0, b.keptLimit())
		}
		b.putLane(c, l)
		return nil
	})
	if err != nil {
		return err
	}
	b.wroteLazily()
	b.saved.send()
	return nil
}

// confirm confirms the lane's first frozen batch, which is then kept or dropped,
// and writes that into c.
func (l *lane) confirm(c *spool.Change, keep bool, now progress.Instant) {
	fb, before := l.frozen.confirm()
	if !keep {
		c.DeleteBatch(l.number, fb.number)
		return
	}
	k := keptBatch{number: fb.number, prev: before, at: now, encoded: fb.encoded}
	l.kept.add(k)
	k.putName(c, l.number)
}

// Replayable returns the confirmed batches of the lane with numbers above
// after that are still kept, in the order in which they were applied. complete
// says that the first of them followed on after, and so none is missing. A
// batch that cannot be read counts as missing, with those before it.
func (b *Buffer) Replayable(lane int, after uint64) (batches []progress.Batch, complete bool) {
	if b.enter() != nil {
		return nil, false
	}
	defer b.leave()
	l := b.lanes[lane]
	l.mu.Lock()
	kept, complete := l.kept.after(after, l.frozen.applied)
	l.mu.Unlock()
	for _, k := range kept {
		batch, err := k.batch(lane)
		if err != nil {
			batches, complete = nil, false
			continue
		}
		batches = append(batches, batch)
	}
	return batches, complete
}

// Prune drops confirmed batches that were older than Policy.ReplayWindow at the
// given time: the last one at which the database was seen to have them all. By
// itself the buffer drops them only for their size.
func (b *Buffer) Prune(now time.Time) error {
	if err := b.enter(); err != nil {
		return fmt.Errorf("pruning confirmed batches: %w", err)
	}
	defer b.leave()
	until := progress.InstantOf(now.Add(-b.policy.Load().ReplayWindow))
	for i, l := range b.lanes {
		err := b.appendLazily(1<<i, func(c *spool.Change) error {
			l.dropKept(c, until, b.keptLimit())
			return nil
		})
		if err != nil {
			return fmt.Errorf("pruning confirmed batches of lane %d: %w", i, err)
		}
	}
	return nil
}

// keptLimit is how many bytes of confirmed batches a lane may keep.
func (b *Buffer) keptLimit() int64 {
	if b.space.refusing.Load() {
		return 0
	}
	return b.policy.Load().keptBytes(len(b.lanes))
}

// dropKept drops batches that were confirmed up to the given instant, and the
// oldest ones beyond the limit, and writes that into c.
func (l *lane) dropKept(c *spool.Change, until progress.Instant, limit int64) {
	for _, k := range l.kept.drop(until, limit) {
		c.DeleteKept(l.number, k.number)
		c.DeleteBatch(l.number, k.number)
	}
}
