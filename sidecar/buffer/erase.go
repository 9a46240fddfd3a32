package buffer

import (
	"context"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
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
// the spool's files still hold of the learner goes with a checkpoint soon after,
// see Checkpoint.
//
// ErrFull says that too many erasures wait for the database.
func (b *Buffer) Erase(ctx context.Context, userID string) (erased Erased, err error) {
	switch err = ctx.Err(); {
	case err != nil:
	case userID == "":
		err = errNobody
	default:
		err = b.write(b.lanes.all(), func(c *spool.Change) (err error) {
			erased, err = b.erase(c, userID, b.clock.read())
			return err
		})
	}
	if err != nil {
		return Erased{}, fmt.Errorf("erasing a learner: %w", err)
	}
	b.saved.send()
	b.checkpoints.want()
	return erased, nil
}

// erase removes all that is held of a learner, and writes that into c. All lanes
// are locked.
func (s *state) erase(c *spool.Change, userID string, now reading) (e Erased, err error) {
	// Nothing changes before all that can fail has been read.
	kept := make([][]keptBatch, len(s.lanes))
	for i, l := range s.lanes {
		var gone int
		if kept[i], gone, err = l.kept.without(userID); err != nil {
			return e, fmt.Errorf("lane %d: %w", i, err)
		}
		e.Confirmed += gone
	}
	e.Erasure = Erasure{UserID: userID, At: s.arrivals.next(now.wall)}
	id := s.salt.learnerID(nil, userID)
	t := spool.Tombstone{At: e.At, UserID: userID}
	dropped, ok := s.tombstones.add(id, t)
	if !ok {
		return e, ErrFull
	}
	c.PutTombstone(id, t)
	for _, old := range dropped {
		c.DeleteTombstone(old)
	}
	letters := s.quarantine.takeLearner(userID)
	for _, dl := range letters {
		c.DeleteDeadLetter(spool.KeyOf(dl.Record.Key))
	}
	e.DeadLetters = len(letters)
	for i, l := range s.lanes {
		l.kept.replace(kept[i])
		for _, k := range kept[i] {
			k.put(c, i)
		}
		pending, frozen, events := l.erase(c, userID, learnerOf(id))
		s.capacity.add(-pending)
		e.Pending += pending
		e.Frozen += frozen
		e.EventIDs += events
		s.putLane(c, l)
	}
	return e, nil
}

// erase removes the learner's pending and frozen records and event ids, and writes
// that into c. It returns how many there were.
func (l *lane) erase(c *spool.Change, userID string, of learner) (pending, frozen, events int) {
	entries := l.pending.takeLearner(userID)
	for _, e := range entries {
		l.completed.forget(e.key)
		c.DeletePending(e.key)
	}
	changed, gone := l.frozen.erase(userID)
	for _, key := range gone {
		l.completed.forget(key)
	}
	for _, fb := range changed {
		l.putBatch(c, fb)
	}
	places := l.events.erase(of)
	for _, place := range places {
		c.DeleteEvent(l.number, place.segment, place.id)
	}
	return len(entries), len(gone), len(places)
}
