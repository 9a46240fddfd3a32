package buffer

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// batches is the part of a Buffer that the writer to the database uses.
type batches struct{ *core }

// FreezeRound takes what is due of the lane at the given time into up to
// maxBatches batches of up to batchSize records, under the lane's next numbers.
// It is one write: all of them are on disk when it returns, or after a crash none
// is frozen. None are returned when nothing is due. The records are shared with
// the buffer and must not be changed.
func (b *batches) FreezeRound(
	lane int, now time.Time, batchSize, maxBatches int,
) ([]progress.Batch, error) {
	l, at, p, reading := b.lanes[lane], b.clock.at(now), b.policy.Load(), b.clock.read()
	var round []*frozenBatch
	err := b.write(1<<lane, func(c *spool.Change) error {
		for len(round) < maxBatches {
			fb := b.freeze(c, l, l.pending.takeDue(at, batchSize, b.dueRules(p)), reading, p)
			if fb == nil {
				break
			}
			round = append(round, fb)
		}
		if len(round) > 0 {
			b.putLane(c, l)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("freezing batches of lane %d: %w", lane, err)
	}
	defer b.lanes.unlock(b.lanes.lock(1 << lane))
	var batches []progress.Batch
	for _, fb := range round {
		fb.synced = true
		batches = append(batches, fb.batch(lane))
	}
	return batches, nil
}

// Frozen returns the lane's batches that are on disk and neither confirmed nor
// quarantined, in the order in which they are to be applied.
func (b *batches) Frozen(lane int) []progress.Batch {
	l := b.lanes[lane]
	l.mu.Lock()
	defer l.mu.Unlock()
	var batches []progress.Batch
	for _, fb := range l.frozen.batches {
		if fb.synced {
			batches = append(batches, fb.batch(lane))
		}
	}
	return batches
}

// Applied returns the number of the lane's last confirmed batch, 0 if there was
// none. After a crash it may be an earlier one; Frozen then has what follows.
func (b *batches) Applied(lane int) uint64 {
	l := b.lanes[lane]
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frozen.applied
}

// ConfirmThrough tells that a frozen batch of the lane, and all that are frozen
// before it, are in the database for good. They are kept for
// Policy.ReplayWindow. Confirming a batch that isn't frozen any more changes
// nothing.
//
// The disk may have it later: see doc.go.
func (b *batches) ConfirmThrough(lane int, number uint64) error {
	if err := b.confirm(lane, number); err != nil {
		return fmt.Errorf("confirming the batches up to %d of lane %d: %w", number, lane, err)
	}
	return nil
}

func (b *batches) confirm(lane int, number uint64) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	l, p, now := b.lanes[lane], b.policy.Load(), b.clock.read()
	var final []finalLag
	err := b.appendLazily(1<<lane, func(c *spool.Change) error {
		i, err := l.frozen.find(number)
		if err != nil && number <= l.frozen.applied {
			return nil
		}
		if err != nil {
			return err
		}
		for range i + 1 {
			final = append(final, l.confirm(c, p, now)...)
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
	b.tellFinal(final)
	return nil
}

// Replayable returns the confirmed batches of the lane with numbers above
// after that are still kept, in the order in which they were applied. complete
// says that the first of them followed on after, and so none is missing. A
// batch that cannot be read counts as missing, with those before it.
func (b *batches) Replayable(lane int, after uint64) (batches []progress.Batch, complete bool) {
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

// Prune drops the batches that were confirmed longer than Policy.ReplayWindow
// before the given time, which is when the database was last seen to have all
// of them. Without Prune the buffer drops confirmed batches only where they
// take too much room.
func (b *batches) Prune(now time.Time) error {
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
func (b *batches) keptLimit() int64 {
	if b.space.refusing.Load() {
		return 0
	}
	return b.policy.Load().keptBytes(len(b.lanes))
}
