package buffer

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// checkpointPause is the least time between two checkpoints of which the first
// failed, or that are made for want of space.
const checkpointPause = 10 * time.Second

// checkpoints knows whether a checkpoint is owed: to a learner who was erased, or
// whose id was forgotten, and whose bytes older files still hold.
type checkpoints struct {
	wake chan struct{}
	owed atomic.Int64 // how often one was wanted
	paid atomic.Int64 // how often that was when the last one began
}

func newCheckpoints() checkpoints { return checkpoints{wake: make(chan struct{}, 1)} }

// want asks for a checkpoint that begins later than the call.
func (c *checkpoints) want() {
	c.owed.Add(1)
	c.check()
}

// check makes keepCheckpoints see whether one is due.
func (c *checkpoints) check() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Checkpoint writes all entries to the disk anew and removes the older files.
// When it returns, no file of the spool has what Erase and ForgetErasure
// removed before. The buffer makes such a checkpoint by itself soon after them,
// and after a restart that came in between; Checkpoint is for a caller who
// wants to know when it is done. Until ForgetErasure the learner's id, and only
// that, is still there.
//
// The files are removed from the file system, which may write over their blocks
// later.
func (h *housekeeper) Checkpoint(ctx context.Context) error {
	if err := h.enter(); err != nil {
		return err
	}
	defer h.leave()
	return h.checkpoint(ctx)
}

func (h *housekeeper) checkpoint(ctx context.Context) error {
	owed := h.checkpoints.owed.Load()
	err := h.spool.Checkpoint(ctx, func(add func(*spool.Change) error) error {
		return h.enumerate(h.clock, add)
	})
	if err == nil {
		h.checkpoints.paid.Store(owed)
		h.space.checkSoon()
	}
	return err
}

// keepCheckpoints makes checkpoints until Close or a fault.
func (h *housekeeper) keepCheckpoints(ctx context.Context) {
	var last time.Time
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.spool.Failed():
			return
		case <-h.checkpoints.wake:
		}
		due := h.spool.CheckpointDue() || h.checkpoints.owed.Load() != h.checkpoints.paid.Load()
		rested := time.Since(last) >= checkpointPause
		if !worthCheckpoint(due, h.space.refusing.Load(), rested, failed) {
			continue
		}
		// For want of space it is tried again; an error of the disk shows in
		// Failed.
		failed = h.checkpoint(ctx) != nil
		last = time.Now()
	}
}

// worthCheckpoint decides whether to make a checkpoint. due says that the log is
// long or a learner was erased, refusing that there is no room for updates, rested
// that the last one was checkpointPause ago, and failed that it failed.
func worthCheckpoint(due, refusing, rested, failed bool) bool {
	if failed {
		return rested
	}
	return due || refusing && rested
}
