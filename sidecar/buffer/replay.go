package buffer

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

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
	p := b.policy.Load()
	for _, l := range b.lanes {
		if err := b.pruneLane(l, progress.InstantOf(now.Add(-p.ReplayWindow)), p); err != nil {
			return fmt.Errorf("pruning confirmed batches of lane %d: %w", l.number, err)
		}
	}
	return nil
}

func (b *Buffer) pruneLane(l *lane, until progress.Instant, p *Policy) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := b.journal.begin()
	b.dropKept(c, l, until, p)
	if c.empty() {
		return c.close()
	}
	return b.journal.appendLazily(c)
}

// dropKept writes into c the removal of batches that were confirmed up to the
// given instant, and of the oldest ones where they are too much for the disk.
func (b *Buffer) dropKept(c change, l *lane, until progress.Instant, p *Policy) {
	limit := p.keptBytes(len(b.lanes))
	if b.space.refusing.Load() {
		limit = 0
	}
	for _, k := range l.kept.drop(until, limit) {
		c.deleteKept(l.number, k.number)
		b.space.freed.Add(int64(len(k.encoded)))
	}
}
