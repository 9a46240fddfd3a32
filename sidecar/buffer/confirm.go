package buffer

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
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
	l, p := b.lanes[lane], b.policy.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	i, err := l.frozen.find(number)
	switch {
	case err != nil && number <= l.frozen.applied:
		return nil
	case err != nil:
		return err
	}
	c := b.journal.begin()
	for range i + 1 {
		fb, before := l.frozen.confirm()
		if p.ReplayWindow <= 0 {
			c.deleteBatch(lane, fb.number)
			b.space.freed.Add(int64(len(fb.encoded)))
			continue
		}
		k := keptBatch{number: fb.number, prev: before, at: b.clock.read().wall, encoded: fb.encoded}
		l.kept.add(k)
		c.putKept(lane, k)
	}
	if p.ReplayWindow > 0 {
		b.dropKept(c, l, 0)
	}
	c.putLane(lane, l.state(&b.arrivals))
	if err := b.journal.appendLazily(c); err != nil {
		return err
	}
	b.wroteLazily()
	b.saved.send()
	return nil
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
	for _, l := range b.lanes {
		if err := b.pruneLane(l, until); err != nil {
			return fmt.Errorf("pruning confirmed batches of lane %d: %w", l.number, err)
		}
	}
	return nil
}

// dropKept drops batches that were confirmed up to the given instant, and the
// oldest ones where they are too much for the disk, and writes that into c.
func (b *Buffer) dropKept(c change, l *lane, until progress.Instant) {
	limit := b.policy.Load().keptBytes(len(b.lanes))
	if b.space.refusing.Load() {
		limit = 0
	}
	for _, k := range l.kept.drop(until, limit) {
		c.deleteKept(l.number, k.number)
		b.space.freed.Add(int64(len(k.encoded)))
	}
}
