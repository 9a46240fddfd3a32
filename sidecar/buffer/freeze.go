package buffer

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// FreezeRound takes what is due of the lane at the given time into up to
// maxBatches batches of up to batchSize records, under the lane's next numbers.
// It is one write: all of them are on disk when it returns, or after a crash none
// is frozen. None are returned when nothing is due. The records are shared with
// the buffer and must not be changed.
func (b *Buffer) FreezeRound(
	lane int, now time.Time, batchSize, maxBatches int,
) ([]progress.Batch, error) {
	l, at, p, reading := b.lanes[lane], b.clock.at(now), b.policy.Load(), b.clock.read()
	var round []*frozenBatch
	err := b.write(1<<lane, func(c *spool.Change) error {
		for len(round) < maxBatches {
			fb := b.freeze(c, l, l.pending.takeDue(at, batchSize, b.dueRules(p)), reading)
			if fb == nil {
				break
			}
			round = append(round, fb)
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

// freeze makes a batch of entries that are not pending any more, nil of none, and
// writes that into c.
func (s *state) freeze(c *spool.Change, l *lane, entries []*entry, now reading) *frozenBatch {
	if len(entries) == 0 {
		return nil
	}
	s.capacity.add(-len(entries))
	opened := entries[0].opened
	for _, e := range entries {
		opened = min(opened, e.opened)
		c.DeletePending(e.key)
	}
	fb := l.frozen.freeze(entries, now.wallOf(opened))
	l.putBatch(c, fb)
	s.putLane(c, l)
	return fb
}

// Frozen returns the lane's batches that are on disk and neither confirmed nor
// quarantined, in the order in which they are to be applied.
func (b *Buffer) Frozen(lane int) []progress.Batch {
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
func (b *Buffer) Applied(lane int) uint64 {
	l := b.lanes[lane]
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frozen.applied
}
