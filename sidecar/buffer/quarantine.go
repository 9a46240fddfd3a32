package buffer

import (
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
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
	limit = min(max(limit, 1), maxDeadLetterPage)
	err = b.journal.each(deadLetterID(after+1), []byte{prefixDeadLetterID + 1},
		func(_, value []byte) error {
			if len(letters) == limit {
				more = true
				return errEnough
			}
			dl, found, err := b.deadLetterAt(value[1:])
			if found {
				letters = append(letters, dl)
			}
			return err
		})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, false, fmt.Errorf("listing dead letters: %w", err)
	}
	return letters, more, nil
}

var errEnough = errors.New("buffer: enough")

// DeadLetter returns a dead letter, or ErrNoDeadLetter.
func (b *Buffer) DeadLetter(id uint64) (DeadLetter, error) {
	if err := b.enter(); err != nil {
		return DeadLetter{}, fmt.Errorf("reading dead letter %d: %w", id, err)
	}
	defer b.leave()
	_, dl, err := b.findDeadLetter(id)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("reading dead letter %d: %w", id, err)
	}
	return dl, nil
}

// Quarantined counts the updates in the dead letters of the keys that f matches:
// they were accepted, and are not saved.
func (b *Buffer) Quarantined(f Filter) (updates int64, err error) {
	if b.deadLetters.Load() == 0 {
		return 0, nil
	}
	if err := b.enter(); err != nil {
		return 0, fmt.Errorf("counting what is in quarantine: %w", err)
	}
	defer b.leave()
	letters, err := b.deadLettersOf(f.UserID)
	for i := range letters {
		if r := &letters[i].Record; f.matches(&r.Key) {
			updates += waiting(r)
		}
	}
	return updates, err
}

// ReplayDeadLetter makes the record of a dead letter pending again, merged with
// what came for its key meanwhile, and due at once. It returns when the disk
// has it. Errors are ErrNoDeadLetter, ErrRange if the sums of both don't fit,
// and those of Put.
func (b *Buffer) ReplayDeadLetter(id uint64) error {
	return wrap(fmt.Sprintf("replaying dead letter %d", id), b.settleDeadLetter(id, b.revive))
}

// DeleteDeadLetter drops a dead letter, what it holds included. It returns when
// the disk has that. Errors are ErrNoDeadLetter and those of Put.
func (b *Buffer) DeleteDeadLetter(id uint64) error {
	return wrap(fmt.Sprintf("deleting dead letter %d", id),
		b.settleDeadLetter(id, func(change, *lane, *DeadLetter) error { return nil }))
}

// findDeadLetter returns the dead letter and its diskKey.
func (b *Buffer) findDeadLetter(id uint64) ([]byte, DeadLetter, error) {
	value, err := b.journal.get(deadLetterID(id))
	if err != nil {
		return nil, DeadLetter{}, fmt.Errorf("finding its key: %w", err)
	}
	if len(value) < 2 || value[0] != entryVersion {
		return nil, DeadLetter{}, ErrNoDeadLetter
	}
	dl, found, err := b.deadLetterAt(value[1:])
	if err == nil && (!found || dl.ID != id) {
		err = ErrNoDeadLetter
	}
	return value[1:], dl, err
}

// settleDeadLetter removes a dead letter and does do in the same write.
func (b *Buffer) settleDeadLetter(id uint64, do func(change, *lane, *DeadLetter) error) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	key, _, err := b.findDeadLetter(id)
	if err != nil {
		return err
	}
	c, err := b.settleDeadLetterLocked(b.lanes[laneOf(key, len(b.lanes))], id, do)
	if err != nil {
		return err
	}
	return b.journal.wait(c)
}

func (b *Buffer) settleDeadLetterLocked(
	l *lane, id uint64, do func(change, *lane, *DeadLetter) error,
) (change, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Another call may have been faster.
	key, dl, err := b.findDeadLetter(id)
	if err != nil {
		return change{}, err
	}
	c := b.journal.begin()
	if err := do(c, l, &dl); err != nil {
		return change{}, errors.Join(err, c.close())
	}
	b.exhume(c, key, id)
	return c, b.journal.append(c)
}

// revive makes the record pending and due.
func (b *Buffer) revive(c change, l *lane, dl *DeadLetter) error {
	now := b.clock.read()
	key := appendDiskKey(nil, prefixPending, dl.Record.Key)
	e := l.pending.entries[string(key)]
	if e == nil {
		b.pending.Add(1)
		e = newEntry(string(key), dl.Record, now)
		l.insert(e)
	} else {
		// What came since a reset doesn't know of it, if the reset was refused.
		since := e.record.Raise(dl.Record.Generation)
		if !fits(&since, &dl.Record) {
			return ErrRange
		}
		r := progress.Merge(since, dl.Record)
		r.Key = e.record.Key
		l.pending.update(e, &r, now.elapsed)
	}
	if e.record.Completed {
		l.done.add(e.key)
	}
	e.lasting = true
	l.urge(e)
	s := pendingState{due: true, opened: now.wallOf(e.opened)}
	c.putPending(e.key, appendPending(nil, s, &e.record))
	return nil
}
