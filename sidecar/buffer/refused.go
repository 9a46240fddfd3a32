package buffer

import (
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// Split replaces a frozen batch of two or more records, which the database
// refused for its data, by its halves under new numbers at the lane's end. It
// returns when the disk has it.
func (b *batches) Split(lane int, number uint64) error {
	err := b.replace(1<<lane, lane, number, splitting)
	return wrap(fmt.Sprintf("splitting batch %d of lane %d", number, lane), err)
}

// Postpone puts a frozen batch, which the database refused, at the lane's end
// under a new number, which it returns when the disk has that.
func (b *batches) Postpone(lane int, number uint64) (next uint64, err error) {
	err = b.replace(1<<lane, lane, number, postponing(&next))
	return next, wrap(fmt.Sprintf("postponing batch %d of lane %d", number, lane), err)
}

// Unite is Postpone for two batches of one record each, both of the same key and
// both refused, which become one batch. The older is frozen before the newer.
// It returns ErrRange if the sums of both don't fit into one record.
func (b *batches) Unite(lane int, older, newer uint64) (next uint64, err error) {
	err = b.replace(1<<lane, lane, newer, uniting(older, &next))
	return next, wrap(fmt.Sprintf("uniting batches %d and %d of lane %d", older, newer, lane), err)
}

// Quarantine sets the record of a frozen batch of one record aside as a dead
// letter, because the database refuses it. It returns when the disk has it.
func (b *batches) Quarantine(lane int, number uint64, reason DeadLetterReason) error {
	now := b.clock.read().wall
	err := b.replace(b.lanes.all(), lane, number, quarantining(&b.quarantine, reason, now))
	if err == nil {
		b.saved.send()
	}
	return wrap(fmt.Sprintf("quarantining batch %d of lane %d", number, lane), err)
}

// replacement takes the i-th frozen batch out of the lane, writes into c what
// becomes of it, and returns the batches that it adds, which are yet to be
// written. When it fails it has changed nothing.
type replacement func(c *spool.Change, l *lane, i int) ([]*frozenBatch, error)

// replace runs do for a frozen batch with the set locked, which has its lane, and
// writes what do and the batch's removal change in one synced write.
func (b *batches) replace(set laneSet, lane int, number uint64, do replacement) error {
	l := b.lanes[lane]
	var added []*frozenBatch
	err := b.write(set, func(c *spool.Change) error {
		i, err := l.frozen.find(number)
		if err != nil {
			return err
		}
		if added, err = do(c, l, i); err != nil {
			return err
		}
		c.DeleteBatch(lane, number)
		for _, fb := range added {
			l.putBatch(c, fb)
		}
		b.putLane(c, l)
		return nil
	})
	if err != nil {
		return err
	}
	defer b.lanes.unlock(b.lanes.lock(1 << lane))
	for _, fb := range added {
		fb.synced = true
	}
	return nil
}

func splitting(_ *spool.Change, l *lane, i int) ([]*frozenBatch, error) { return l.frozen.split(i) }

func postponing(next *uint64) replacement {
	return func(_ *spool.Change, l *lane, i int) ([]*frozenBatch, error) {
		fb := l.frozen.postpone(i)
		*next = fb.number
		return []*frozenBatch{fb}, nil
	}
}

func uniting(older uint64, next *uint64) replacement {
	return func(c *spool.Change, l *lane, i int) ([]*frozenBatch, error) {
		j, err := l.frozen.find(older)
		if err != nil {
			return nil, err
		}
		fb, err := l.frozen.unite(j, i)
		if err != nil {
			return nil, err
		}
		c.DeleteBatch(l.number, older)
		*next = fb.number
		return []*frozenBatch{fb}, nil
	}
}

func quarantining(q *quarantine, reason DeadLetterReason, now progress.Instant) replacement {
	return func(c *spool.Change, l *lane, i int) ([]*frozenBatch, error) {
		fb := l.frozen.batches[i]
		if n := len(fb.records); n != 1 {
			return nil, fmt.Errorf("it has %d records", n)
		}
		c.PutDeadLetter(q.add(&fb.records[0], reason, now))
		c.PutLastDeadLetter(q.last)
		l.frozen.remove(i)
		return nil, nil
	}
}
