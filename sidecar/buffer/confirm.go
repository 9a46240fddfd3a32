package buffer

import "fmt"

// ConfirmThrough tells that a frozen batch of the lane, and all that are frozen
// before it, are in the database for good. They are kept for
// Policy.ReplayWindow. Confirming a batch that isn't frozen any more changes
// nothing.
//
// The disk may have it later: see doc.go.
func (b *Buffer) ConfirmThrough(lane int, number uint64) error {
	return wrap(fmt.Sprintf("confirming the batches up to %d of lane %d", number, lane), b.confirm(lane, number))
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
		b.confirmFirst(c, l, p)
	}
	if p.ReplayWindow > 0 {
		b.dropKept(c, l, 0, p)
	}
	c.putLane(lane, l.state(b))
	if err := b.journal.appendLazily(c); err != nil {
		return err
	}
	b.wroteLazily()
	b.progressed()
	return nil
}

// confirmFirst moves the lane's first frozen batch to those that are kept.
func (b *Buffer) confirmFirst(c change, l *lane, p *Policy) {
	fb, before := l.frozen.confirm()
	if p.ReplayWindow <= 0 {
		c.deleteBatch(l.number, fb.number)
		b.space.freed.Add(int64(len(fb.encoded)))
		return
	}
	k := keptBatch{number: fb.number, prev: before, at: b.clock.read().wall, encoded: fb.encoded}
	l.kept.add(k)
	c.putKept(l.number, k)
}
