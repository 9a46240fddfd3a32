package buffer

import (
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// DeadLetter is a record that the database refuses. There is one for a key:
// what is refused later is merged into it, so that a learner whose every
// heartbeat is refused takes no more space than one whose first was.
type DeadLetter = spool.DeadLetter

// DeadLetterReason is why a record was set aside; it holds no data.
type DeadLetterReason = spool.DeadLetterReason

// maxDeadLetterPage is the most that ListDeadLetters returns at once.
const maxDeadLetterPage = 1000

// deadLetters is the part of a Buffer that manages the quarantine.
type deadLetters struct{ *core }

// ListDeadLetters returns up to limit (1 to 1000) dead letters with ids above
// after, by their ids. more says that others follow on the last of them.
func (d *deadLetters) ListDeadLetters(after uint64, limit int) (letters []DeadLetter, more bool, err error) {
	if err := d.enter(); err != nil {
		return nil, false, fmt.Errorf("listing dead letters: %w", err)
	}
	defer d.leave()
	defer d.lanes.unlock(d.lanes.lock(anyLane))
	letters, more = d.quarantine.page(after, min(max(limit, 1), maxDeadLetterPage))
	return letters, more, nil
}

// DeadLetter returns a dead letter, or ErrNoDeadLetter.
func (d *deadLetters) DeadLetter(id uint64) (DeadLetter, error) {
	if err := d.enter(); err != nil {
		return DeadLetter{}, fmt.Errorf("reading dead letter %d: %w", id, err)
	}
	defer d.leave()
	defer d.lanes.unlock(d.lanes.lock(anyLane))
	dl, err := d.quarantine.get(id)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("reading dead letter %d: %w", id, err)
	}
	return *dl, nil
}

// Quarantined counts the updates in the dead letters of the keys that f matches:
// they were accepted, and are not saved.
func (d *deadLetters) Quarantined(f Filter) (updates int64, err error) {
	defer d.lanes.unlock(d.lanes.lock(anyLane))
	return d.quarantine.updates(f), nil
}

// ReplayDeadLetter makes the record of a dead letter pending again, merged with
// what came for its key meanwhile, and due at once. It returns when the disk
// has it. Errors are ErrNoDeadLetter, ErrRange if the sums of both don't fit,
// and those of Put.
func (d *deadLetters) ReplayDeadLetter(id uint64) error {
	err := d.removeDeadLetter(id, func(c *spool.Change, r *progress.Record) error { return d.replay(c, r, d.clock.read()) })
	return wrap(fmt.Sprintf("replaying dead letter %d", id), err)
}

// DeleteDeadLetter drops a dead letter, what it holds included. It returns when
// the disk has that. Errors are ErrNoDeadLetter and those of Put.
func (d *deadLetters) DeleteDeadLetter(id uint64) error {
	return wrap(fmt.Sprintf("deleting dead letter %d", id),
		d.removeDeadLetter(id, func(*spool.Change, *progress.Record) error { return nil }))
}

// removeDeadLetter removes a dead letter and does do in the same write, unless do
// fails.
func (d *deadLetters) removeDeadLetter(id uint64, do func(*spool.Change, *progress.Record) error) error {
	return d.write(d.lanes.all(), func(c *spool.Change) error {
		dl, err := d.quarantine.get(id)
		if err != nil {
			return err
		}
		if err := do(c, &dl.Record); err != nil {
			return err
		}
		d.quarantine.remove(dl)
		c.DeleteDeadLetter(spool.KeyOf(dl.Record.Key))
		return nil
	})
}
