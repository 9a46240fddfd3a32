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

// Erased is what Erase removed: records, of which strays count as pending, and event
// ids.
type Erased struct {
	Erasure
	Pending, Frozen, Confirmed, DeadLetters, EventIDs int
}

var errNobody = errors.New("no learner is named")

// erasures is the part of a Buffer that erases learners.
type erasures struct{ *core }

// Erase removes all that the buffer has of a learner, and returns when the disk has
// that: pending and frozen records, strays, confirmed batches that are kept, dead
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
func (e *erasures) Erase(ctx context.Context, userID string) (erased Erased, err error) {
	switch err = ctx.Err(); {
	case err != nil:
	case userID == "":
		err = errNobody
	default:
		err = e.write(e.lanes.all(), func(c *spool.Change) (err error) {
			erased, err = e.erase(c, userID, e.clock.read())
			return err
		})
	}
	if err != nil {
		return Erased{}, fmt.Errorf("erasing a learner: %w", err)
	}
	e.saved.send()
	e.checkpoints.want()
	return erased, nil
}

// PendingErasures returns the learners who are still to be erased from the
// database, the earliest first. Their ids are kept for that purpose only.
func (e *erasures) PendingErasures() []Erasure {
	defer e.lanes.unlock(e.lanes.lock(anyLane))
	return e.tombstones.erasures(pendingErasure)
}

// DoneErasures returns the learners whom the database has erased and who are not
// forgotten, the earliest order first: a failover to a replica that lagged brings
// their rows back.
func (e *erasures) DoneErasures() []Erasure {
	defer e.lanes.unlock(e.lanes.lock(anyLane))
	return e.tombstones.erasures(finishedErasure)
}

// ErasureDone tells that the database has erased the learner too, now or once
// more. It returns when the disk has that. An erasure that was ordered again
// meanwhile stays pending.
func (e *erasures) ErasureDone(done Erasure) error {
	return wrap("ending an erasure", e.changeTombstone(done, func(id spool.LearnerID) (spool.Tombstone, bool) {
		return e.tombstones.finish(id, done, e.clock.read().wall)
	}))
}

// ForgetErasure tells that no failover brings the learner's rows back any more.
// The learner's id leaves the spool; a tombstone without it stays. It returns
// when the disk has that. An erasure that was ordered again meanwhile stays.
func (e *erasures) ForgetErasure(done Erasure) error {
	return wrap("forgetting an erasure", e.changeTombstone(done, func(id spool.LearnerID) (spool.Tombstone, bool) {
		return e.tombstones.forget(id, done)
	}))
}

func (e *erasures) changeTombstone(of Erasure, edit func(spool.LearnerID) (spool.Tombstone, bool)) error {
	id := e.salt.learnerID(nil, of.UserID)
	forgotten := false
	err := e.write(e.lanes.all(), func(c *spool.Change) error {
		t, ok := edit(id)
		if !ok {
			return nil
		}
		c.PutTombstone(id, t)
		forgotten = t.UserID == ""
		return nil
	})
	if forgotten {
		e.checkpoints.want()
	}
	return err
}
