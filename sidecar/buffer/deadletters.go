package buffer

import (
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// maxDeadLetterPage is the most that ListDeadLetters returns at once.
const maxDeadLetterPage = 1000

// ListDeadLetters returns up to limit (1 to 1000) dead letters with ids above
// after, by their ids. more says that others follow on the last of them.
func (b *Buffer) ListDeadLetters(after uint64, limit int) (letters []DeadLetter, more bool, err error) {
	if err := b.enter(); err != nil {
		return nil, false, fmt.Errorf("listing dead letters: %w", err)
	}
	defer b.leave()
	defer b.lanes.unlock(b.lanes.lock(anyLane))
	letters, more = b.quarantine.page(after, min(max(limit, 1), maxDeadLetterPage))
	return letters, more, nil
}

// DeadLetter returns a dead letter, or ErrNoDeadLetter.
func (b *Buffer) DeadLetter(id uint64) (DeadLetter, error) {
	if err := b.enter(); err != nil {
		return DeadLetter{}, fmt.Errorf("reading dead letter %d: %w", id, err)
	}
	defer b.leave()
	defer b.lanes.unlock(b.lanes.lock(anyLane))
	dl, err := b.quarantine.get(id)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("reading dead letter %d: %w", id, err)
	}
	return *dl, nil
}

// Quarantined counts the updates in the dead letters of the keys that f matches:
// they were accepted, and are not saved.
func (b *Buffer) Quarantined(f Filter) (updates int64, err error) {
	defer b.lanes.unlock(b.lanes.lock(anyLane))
	return b.quarantine.updates(f), nil
}

// ReplayDeadLetter makes the record of a dead letter pending again, merged with
// what came for its key meanwhile, and due at once. It returns when the disk
// has it. Errors are ErrNoDeadLetter, ErrRange if the sums of both don't fit,
// and those of Put.
func (b *Buffer) ReplayDeadLetter(id uint64) error {
	err := b.removeDeadLetter(id, func(c *spool.Change, r *progress.Record) error { return b.replay(c, r, b.clock.read()) })
	return wrap(fmt.Sprintf("replaying dead letter %d", id), err)
}

// DeleteDeadLetter drops a dead letter, what it holds included. It returns when
// the disk has that. Errors are ErrNoDeadLetter and those of Put.
func (b *Buffer) DeleteDeadLetter(id uint64) error {
	return wrap(fmt.Sprintf("deleting dead letter %d", id),
		b.removeDeadLetter(id, func(*spool.Change, *progress.Record) error { return nil }))
}

// removeDeadLetter removes a dead letter and does do in the same write, unless do
// fails.
func (b *Buffer) removeDeadLetter(id uint64, do func(*spool.Change, *progress.Record) error) error {
	return b.write(b.lanes.all(), func(c *spool.Change) error {
		dl, err := b.quarantine.get(id)
		if err != nil {
			return err
		}
		if err := do(c, &dl.Record); err != nil {
			return err
		}
		b.quarantine.remove(dl)
		c.DeleteDeadLetter(spool.KeyOf(dl.Record.Key))
		return nil
	})
}

// replay makes a record pending and due, and writes that into c.
func (s *state) replay(c *spool.Change, r *progress.Record, now reading) error {
	key := spool.KeyOf(r.Key)
	l := s.lanes.of([]byte(key))
	e := l.pending.entries[key]
	if e == nil {
		s.capacity.add(1)
		e = newEntry(key, *r, now)
		l.insert(e)
	} else {
		// What came since a reset doesn't know of it, if the reset was refused.
		since := e.record.Raise(r.Generation)
		if !fits(&since, r) {
			return ErrRange
		}
		merged := progress.Merge(since, *r)
		merged.Key = e.record.Key
		l.pending.update(e, &merged, now.elapsed)
	}
	if e.record.Completed {
		l.completed.add(e.key)
	}
	e.lasting = true
	l.urge(e)
	e.put(c, now)
	return nil
}
