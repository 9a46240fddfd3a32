package buffer

import (
	"context"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Erasure is a learner who was erased.
type Erasure struct {
	UserID string
	// At is the instant up to which the learner is erased: everything that was
	// accepted before is older, everything accepted later is newer.
	At progress.Instant
	// Done is when the database had done so too, 0 for not yet.
	Done progress.Instant
}

// Erased is what Erase removed: records, and event ids.
type Erased struct {
	Erasure
	Pending, Frozen, Confirmed, DeadLetters, EventIDs int
}

var errNobody = errors.New("no learner is named")

// Erase removes all that is held of a learner, and returns when the disk has
// that: pending and frozen records, confirmed batches that are kept, dead
// letters and event ids. From then on updates of the learner that happened
// before are refused with ErrErased; those without a time of their own, and
// newer ones, start from nothing.
//
// A frozen batch keeps its number, since it may have been applied and its
// answer lost; so nobody may apply one during the call, nor one that was taken
// from the buffer before it. The caller then removes the learner's rows from
// the database, for which PendingErasures keeps the user id across restarts,
// and calls ErasureDone, and ForgetErasure when it can't be undone any more. What
// the spool's files still hold of the learner is
// overwritten soon after, see Scrub.
//
// ErrFull says that too many erasures wait for the database.
func (b *Buffer) Erase(ctx context.Context, userID string) (Erased, error) {
	erased, err := b.erase(ctx, userID)
	if err != nil {
		return Erased{}, fmt.Errorf("erasing a learner: %w", err)
	}
	return erased, nil
}

func (b *Buffer) erase(ctx context.Context, userID string) (erased Erased, err error) {
	if err := ctx.Err(); err != nil {
		return erased, err
	}
	if userID == "" {
		return erased, errNobody
	}
	if err := b.enter(); err != nil {
		return erased, err
	}
	defer b.leave()
	c := b.journal.begin()
	if erased, err = b.eraseLocked(c, userID); err != nil {
		return erased, err
	}
	if err := b.journal.wait(c); err != nil {
		return erased, err
	}
	b.saved.send()
	b.space.checkSoon()
	return erased, nil
}

func (b *Buffer) eraseLocked(c change, userID string) (e Erased, err error) {
	defer b.lanes.unlock(b.lanes.lock(b.lanes.all()))
	// Nothing changes before all that can fail has been read.
	kept := make([][]keptBatch, len(b.lanes))
	for i, l := range b.lanes {
		var gone int
		if kept[i], gone, err = l.kept.without(userID); err != nil {
			return e, fmt.Errorf("lane %d: %w", i, err)
		}
		e.Confirmed += gone
	}
	e.Erasure = Erasure{UserID: userID, At: b.arrivals.next(b.clock.read().wall)}
	id := b.format.learnerID(nil, userID)
	t := tombstone{at: e.At, userID: userID}
	dropped, ok := b.tombstones.add(id, t)
	if !ok {
		return e, ErrFull
	}
	c.putTombstone(id, t)
	for _, old := range dropped {
		c.deleteTombstone(old)
	}
	letters := b.quarantine.takeLearner(userID)
	for _, dl := range letters {
		c.deleteDeadLetter(dl)
	}
	e.DeadLetters = len(letters)
	for i, l := range b.lanes {
		l.kept.replace(kept[i])
		for _, k := range kept[i] {
			c.putBatch(i, k.number, k.encoded)
			c.putKept(i, k)
		}
		b.eraseUnsaved(c, l, userID, &e)
		events := l.events.erase(id.of())
		for _, place := range events {
			c.deleteEvent(i, place)
		}
		e.EventIDs += len(events)
		c.putLane(i, l.state(&b.arrivals))
	}
	b.wantScrub(c)
	return e, b.journal.append(c)
}

// eraseUnsaved removes the learner's pending and frozen records of a lane.
func (b *Buffer) eraseUnsaved(c change, l *lane, userID string, e *Erased) {
	pending := l.pending.takeLearner(userID)
	b.capacity.add(-len(pending))
	for _, entry := range pending {
		l.completed.forget(entry.key)
		c.deletePending(entry.key)
	}
	changed, gone := l.frozen.erase(userID)
	for _, key := range gone {
		l.completed.forget(key)
	}
	for _, fb := range changed {
		b.putBatch(c, l, fb)
	}
	e.Pending += len(pending)
	e.Frozen += len(gone)
}
