package flush

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// A failover to a replica that lagged brings back the rows of a learner who was
// erased meanwhile, and takes the database's tombstone away. So a learner's id
// stays in the spool for the replay window, like confirmed batches, and the
// erasure is asked for again: after each outage and before each replay, ahead of
// the first write, so that what came in later is not merged into rows that are
// to go; and when the window ends. Where it was not undone, that does nothing.

// erasing keeps account of that. It counts outages from 1.
type erasing struct {
	// mu is held while the database is asked, so that whoever repeats erasures
	// knows of the one that has just happened.
	mu sync.Mutex
	// sure is the last outage after which all of them were repeated.
	sure uint64
	// tried is the last one after which no lane has to repeat them.
	tried atomic.Uint64
}

// eraseSaved erases a learner from the database, who is erased from the spool,
// and returns the number of rows.
func (f *Flusher) eraseSaved(ctx context.Context, e buffer.Erasure) (rows int64, err error) {
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	erased, err := f.db.Erase(ctx, e.UserID, e.At.Time())
	if err != nil {
		return 0, fmt.Errorf("erasing a learner from the database: %w", err)
	}
	done := f.buffer.ErasureDone
	if f.gate.replayWindow() <= 0 {
		done = f.buffer.ForgetErasure
	}
	if err := done(e); err != nil {
		return 0, &diskError{err}
	}
	return erased.Rows, nil
}

// repeatLocked repeats an erasure, and forgets it if that is the last time.
func (f *Flusher) repeatLocked(ctx context.Context, e buffer.Erasure, last bool) error {
	erased, err := f.db.Erase(ctx, e.UserID, e.At.Time())
	if err != nil {
		return fmt.Errorf("repeating an erasure: %w", err)
	}
	switch {
	case !erased.Repeated: // it was undone, and its window begins anew
		err = f.buffer.ErasureDone(e)
	case last:
		err = f.buffer.ForgetErasure(e)
	}
	if err != nil {
		return &diskError{err}
	}
	return nil
}

// secureErasures repeats erasures ahead of a lane's write, if that was not done
// since the given outage, or in any case. An error keeps the lane from writing:
// one of the disk, or one that lets nothing be written either. A database that
// only refuses the erasure holds nothing up.
func (f *Flusher) secureErasures(ctx context.Context, outages uint64, anyway bool) error {
	if f.erasing.tried.Load() > outages && !anyway {
		return nil
	}
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	err := f.secureLocked(ctx, outages)
	if err != nil {
		_, disk := errors.AsType[*diskError](err)
		if disk || !connected(postgres.Classify(err)) {
			return err
		}
	}
	f.erasing.tried.Store(outages + 1)
	return nil
}

func (f *Flusher) secureLocked(ctx context.Context, outages uint64) error {
	for _, e := range f.buffer.DoneErasures() {
		if err := f.repeatLocked(ctx, e, false); err != nil {
			return err
		}
	}
	f.erasing.sure = outages + 1
	return nil
}

// tendErasures erases from the database who was only erased from the spool so
// far, repeats erasures that may have been undone, and ends those whose window
// is over. It ends at the first failure, which postgres.Classify knows, or which
// is one of the buffer's disk.
func (f *Flusher) tendErasures(ctx context.Context, now time.Time) error {
	for _, e := range f.buffer.PendingErasures() {
		if _, err := f.eraseSaved(ctx, e); err != nil {
			return err
		}
	}
	outages, _ := f.gate.calm()
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	if f.erasing.sure <= outages {
		if err := f.secureLocked(ctx, outages); err != nil {
			return err
		}
	}
	window := f.gate.replayWindow()
	for _, e := range f.buffer.DoneErasures() {
		if now.Sub(e.Done.Time()) < window {
			continue
		}
		if err := f.repeatLocked(ctx, e, true); err != nil {
			return err
		}
	}
	return nil
}

// FinishErasures erases from the database who was only erased from the spool so
// far, and ends all erasures without waiting for the end of their windows. It is
// for a spool that is about to be removed, and fails like tendErasures.
func (f *Flusher) FinishErasures(ctx context.Context) error {
	for _, e := range f.buffer.PendingErasures() {
		if _, err := f.eraseSaved(ctx, e); err != nil {
			return err
		}
	}
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	for _, e := range f.buffer.DoneErasures() {
		if err := f.repeatLocked(ctx, e, true); err != nil {
			return err
		}
	}
	return nil
}
