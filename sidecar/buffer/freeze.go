package buffer

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// FreezeRound takes what is due of the lane at the given time into up to
// maxBatches batches of up to batchSize records, under the lane's next numbers.
// It is one write: all of them are on disk when it returns, or after a crash none
// is frozen. None are returned when nothing is due. The records are shared with
// the buffer and must not be changed.
func (b *Buffer) FreezeRound(
	lane int, now time.Time, batchSize, maxBatches int,
) ([]progress.Batch, error) {
	if err := b.enter(); err != nil {
		return nil, fmt.Errorf("freezing batches of lane %d: %w", lane, err)
	}
	defer b.leave()
	l := b.lanes[lane]
	c, round, err := b.freezeRound(l, b.clock.at(now), batchSize, maxBatches)
	if err == nil && len(round) > 0 {
		err = b.journal.wait(c)
	}
	if err != nil {
		return nil, fmt.Errorf("freezing batches of lane %d: %w", lane, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var batches []progress.Batch
	for _, fb := range round {
		fb.synced = true
		batches = append(batches, fb.batch(lane))
	}
	return batches, nil
}

// freezeRound freezes what is due and appends that to the journal.
func (b *Buffer) freezeRound(
	l *lane, at time.Duration, batchSize, maxBatches int,
) (c change, round []*frozenBatch, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(round) < maxBatches {
		fb := b.takeDue(l, at, batchSize)
		if fb == nil {
			break
		}
		if len(round) == 0 {
			c = b.journal.begin()
		}
		for _, key := range fb.keys {
			c.deletePending(key)
		}
		b.putBatch(c, l, fb)
		round = append(round, fb)
	}
	if len(round) == 0 {
		return c, nil, nil
	}
	return c, round, b.putLane(c, l)
}

// takeDue moves what is due into a new frozen batch, nil if nothing is.
func (b *Buffer) takeDue(l *lane, at time.Duration, limit int) *frozenBatch {
	taken := l.pending.takeDue(at, limit, b.dueRules(b.policy.Load()))
	if len(taken) == 0 {
		return nil
	}
	b.capacity.add(-len(taken))
	opened := taken[0].opened
	for _, e := range taken {
		opened = min(opened, e.opened)
	}
	return l.frozen.freeze(taken, b.clock.read().wallOf(opened))
}

// putBatch writes fb into c.
func (b *Buffer) putBatch(c change, l *lane, fb *frozenBatch) {
	fb.encoded = encodeBatch(fb.oldest, fb.records)
	c.putBatch(l.number, fb.number, fb.encoded)
}

// putLane writes the lane's numbers into c and appends c to the journal.
func (b *Buffer) putLane(c change, l *lane) error {
	c.putLane(l.number, l.state(&b.arrivals))
	return b.journal.append(c)
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
