package buffer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Confirm tells that the lane's first frozen batch is in the database for good.
// It is kept for Policy.ReplayWindow. Confirming a batch that isn't frozen any
// more changes nothing.
//
// The disk may have it later: see doc.go.
func (b *Buffer) Confirm(lane int, number uint64) error {
	if err := b.confirm(lane, number, false); err != nil {
		return fmt.Errorf("confirming batch %d of lane %d: %w", number, lane, err)
	}
	return nil
}

// ConfirmThrough is Confirm for a frozen batch and all that are frozen before
// it in the lane, in one write.
func (b *Buffer) ConfirmThrough(lane int, number uint64) error {
	if err := b.confirm(lane, number, true); err != nil {
		return fmt.Errorf("confirming the batches up to %d of lane %d: %w", number, lane, err)
	}
	return nil
}

func (b *Buffer) confirm(lane int, number uint64, through bool) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	l, p := b.lanes[lane], b.policy.Load()
	l.mu.Lock()
	defer l.mu.Unlock()
	i, err := l.find(number)
	switch {
	case err != nil && number <= l.applied:
		return nil
	case err != nil:
		return err
	case i > 0 && !through:
		return fmt.Errorf("batch %d comes first", l.frozen[0].number)
	}
	c := b.journal.begin()
	for range i + 1 {
		b.confirmFirst(c, l, p)
	}
	if p.ReplayWindow > 0 {
		b.dropKept(c, l, 0, p)
	}
	c.put(laneKey(lane), l.state(b).encode())
	if err := b.journal.appendLazily(c); err != nil {
		return err
	}
	b.wroteLazily()
	b.progressed()
	return nil
}

// confirmFirst moves the lane's first frozen batch to those that are kept.
func (b *Buffer) confirmFirst(c change, l *lane, p *Policy) {
	fb := l.frozen[0]
	k := keptBatch{number: fb.number, prev: l.applied, at: b.clock.read().wall, bytes: fb.bytes}
	l.dropFrozen(0)
	l.applied = fb.number
	if p.ReplayWindow <= 0 {
		c.delete(numberedKey(prefixBatch, l.number, fb.number))
		b.space.freed.Add(fb.bytes)
		return
	}
	l.kept = append(l.kept, k)
	l.keptSize += k.bytes
	c.put(numberedKey(prefixKept, l.number, k.number), k.encode())
}

// find returns the place of a frozen batch.
func (l *lane) find(number uint64) (int, error) {
	i := slices.IndexFunc(l.frozen, func(fb *frozenBatch) bool { return fb.number == number })
	if i < 0 {
		return 0, errors.New("no such batch is frozen")
	}
	return i, nil
}

// Split replaces a frozen batch of two or more records, which the database
// refused for its data, by its halves under new numbers at the lane's end. It
// returns when the disk has it.
func (b *Buffer) Split(lane int, number uint64) error {
	if err := b.settle(lane, number, b.split); err != nil {
		return fmt.Errorf("splitting batch %d of lane %d: %w", number, lane, err)
	}
	return nil
}

func (b *Buffer) split(c change, l *lane, i int) ([]*frozenBatch, error) {
	fb := l.frozen[i]
	middle := (len(fb.records) + 1) / 2
	if middle == len(fb.records) {
		return nil, fmt.Errorf("it has only %d record", middle)
	}
	l.dropFrozen(i)
	var halves []*frozenBatch
	for _, part := range [][2]int{{0, middle}, {middle, len(fb.records)}} {
		half := &frozenBatch{
			freeze:  fb.freeze,
			turn:    fb.turn,
			oldest:  fb.oldest,
			records: fb.records[part[0]:part[1]:part[1]],
			keys:    fb.keys[part[0]:part[1]:part[1]],
		}
		l.addFrozen(half)
		b.putBatch(c, l, half)
		halves = append(halves, half)
	}
	return halves, nil
}

// Quarantine sets the record of a frozen batch of one record aside as a dead
// letter, because the database refuses it. It returns when the disk has it.
func (b *Buffer) Quarantine(lane int, number uint64, reason DeadLetterReason) error {
	if err := b.settle(lane, number, b.quarantine(reason)); err != nil {
		return fmt.Errorf("quarantining batch %d of lane %d: %w", number, lane, err)
	}
	b.progressed()
	return nil
}

func (b *Buffer) quarantine(reason DeadLetterReason) settlement {
	return func(c change, l *lane, i int) ([]*frozenBatch, error) {
		fb := l.frozen[i]
		if n := len(fb.records); n != 1 {
			return nil, fmt.Errorf("it has %d records", n)
		}
		if err := b.bury(c, &fb.records[0], reason); err != nil {
			return nil, err
		}
		l.dropFrozen(i)
		return nil, nil
	}
}

// settlement takes the i-th frozen batch out of the lane, writes into c what
// becomes of it, and returns the batches that it adds.
type settlement func(c change, l *lane, i int) ([]*frozenBatch, error)

// settle runs do for a frozen batch, and writes what do and the batch's removal
// change in one synced write.
func (b *Buffer) settle(lane int, number uint64, do settlement) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	l := b.lanes[lane]
	c := b.journal.begin()
	added, err := b.settleLocked(c, l, number, do)
	if err != nil {
		return err
	}
	if err := b.journal.wait(c); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, fb := range added {
		fb.synced = true
	}
	return nil
}

func (b *Buffer) settleLocked(
	c change, l *lane, number uint64, do settlement,
) ([]*frozenBatch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, err := l.find(number)
	if err != nil {
		return nil, err
	}
	c.delete(numberedKey(prefixBatch, l.number, number))
	added, err := do(c, l, i)
	if err != nil {
		return nil, err
	}
	return added, b.putLane(c, l)
}

// oldestFrozen is the opening of the oldest window of what is frozen, 0 for none.
func (l *lane) oldestFrozen() progress.Instant {
	var oldest progress.Instant
	for _, fb := range l.frozen {
		if oldest == 0 || fb.oldest < oldest {
			oldest = fb.oldest
		}
	}
	return oldest
}
