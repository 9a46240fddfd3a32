package buffer

import "github.com/progress-sync/progress-sync/sidecar/spool"

// PendingErasures returns the learners who are still to be erased from the
// database, the earliest first. Their ids are kept for that purpose only.
func (b *Buffer) PendingErasures() []Erasure {
	defer b.lanes.unlock(b.lanes.lock(anyLane))
	return b.tombstones.erasures(pendingErasure)
}

// DoneErasures returns the learners whom the database has erased and who are not
// forgotten, the earliest order first: a failover to a replica that lagged brings
// their rows back.
func (b *Buffer) DoneErasures() []Erasure {
	defer b.lanes.unlock(b.lanes.lock(anyLane))
	return b.tombstones.erasures(finishedErasure)
}

// ErasureDone tells that the database has erased the learner too, now or once
// more. It returns when the disk has that. An erasure that was ordered again
// meanwhile stays pending.
func (b *Buffer) ErasureDone(done Erasure) error {
	return wrap("ending an erasure", b.changeTombstone(done, func(id spool.LearnerID) (spool.Tombstone, bool) {
		return b.tombstones.finish(id, done, b.clock.read().wall)
	}))
}

// ForgetErasure tells that no failover brings the learner's rows back any more.
// The learner's id leaves the spool; a tombstone without it stays. It returns
// when the disk has that. An erasure that was ordered again meanwhile stays.
func (b *Buffer) ForgetErasure(done Erasure) error {
	return wrap("forgetting an erasure", b.changeTombstone(done, func(id spool.LearnerID) (spool.Tombstone, bool) {
		return b.tombstones.forget(id, done)
	}))
}

func (b *Buffer) changeTombstone(of Erasure, edit func(spool.LearnerID) (spool.Tombstone, bool)) error {
	id := b.salt.learnerID(nil, of.UserID)
	forgotten := false
	err := b.write(b.lanes.all(), func(c *spool.Change) error {
		t, ok := edit(id)
		if !ok {
			return nil
		}
		c.PutTombstone(id, t)
		forgotten = t.UserID == ""
		return nil
	})
	if forgotten {
		b.checkpoints.want()
	}
	return err
}
