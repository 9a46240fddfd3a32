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
	// refused are those that the database refuses, told is how many of them the
	// observer knows of.
	refused refusedErasures
	told    int
	// retry asks for those to be tried without their pauses.
	retry atomic.Bool
}

// eraseSaved erases a learner from the database, who is erased from the spool,
// and returns the number of rows.
func (f *Flusher) eraseSaved(ctx context.Context, e buffer.Erasure) (rows int64, err error) {
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	erased, err := f.askLocked(ctx, e)
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
	erased, err := f.askLocked(ctx, e)
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

// askLocked asks the database to erase, and keeps account of what it refuses.
func (f *Flusher) askLocked(ctx context.Context, e buffer.Erasure) (postgres.Erased, error) {
	erased, err := f.db.Erase(ctx, e.UserID, e.At.Time())
	if err == nil {
		delete(f.erasing.refused, e.UserID)
	} else if failure := postgres.Classify(err); !meetsAll(failure) && ctx.Err() == nil {
		f.erasing.refused.add(e, failure, time.Now())
	}
	f.tellLocked()
	return erased, err
}

func (f *Flusher) tellLocked() {
	if n := len(f.erasing.refused); n != f.erasing.told {
		f.erasing.told = n
		f.observer.ErasuresRefused(n, f.erasing.refused.newest())
	}
}

// endsPass reports whether an error keeps the erasures that follow from being
// tried: one of the disk, or one that would meet them as well.
func endsPass(err error) bool {
	if _, disk := errors.AsType[*diskError](err); disk {
		return true
	}
	return err != nil && meetsAll(postgres.Classify(err))
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

// secureLocked repeats all erasures, while lanes wait. So it ends also at one
// that took its whole time, behind a lock for example. That one and those that
// follow are left to tendErasures, and so are those that the database refuses.
func (f *Flusher) secureLocked(ctx context.Context, outages uint64) error {
	for _, e := range f.buffer.DoneErasures() {
		err := f.repeatLocked(ctx, e, false)
		if endsPass(err) || err != nil && ofLane(postgres.Classify(err)) {
			return err
		}
	}
	f.erasing.sure = outages + 1
	return nil
}

// tendErasures erases from the database who was only erased from the spool so
// far, repeats erasures that may have been undone, and ends those whose window
// is over. It ends at the first failure that would meet all of them, which
// postgres.Classify knows, or which is one of the buffer's disk; what the
// database refuses for itself is tried again after a pause of its own.
func (f *Flusher) tendErasures(ctx context.Context, now time.Time) error {
	pending := f.buffer.PendingErasures()
	for _, e := range pending {
		if !f.erasureDue(e, now) {
			continue
		}
		if _, err := f.eraseSaved(ctx, e); endsPass(err) {
			return err
		}
	}
	outages, _ := f.gate.calm()
	window := f.gate.replayWindow()
	done := f.buffer.DoneErasures()
	f.erasing.mu.Lock()
	unsure := f.erasing.sure <= outages
	f.erasing.refused.keep(pending, done)
	f.tellLocked()
	f.erasing.mu.Unlock()
	for _, e := range done {
		over := now.Sub(e.Done.Time()) >= window
		if err := f.tendDone(ctx, e, now, unsure, over); endsPass(err) {
			return err
		}
	}
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	f.erasing.sure = max(f.erasing.sure, outages+1)
	return nil
}

// tendDone repeats an erasure if it may have been undone, if its window is over,
// or if the database refused that before and its pause is over. It keeps lanes
// waiting for no more than one erasure.
func (f *Flusher) tendDone(ctx context.Context, e buffer.Erasure, now time.Time, unsure, over bool) error {
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	_, refused := f.erasing.refused[e.UserID]
	if !unsure && (!over && !refused || !f.erasing.refused.due(e, now)) {
		return nil
	}
	return f.repeatLocked(ctx, e, over)
}

func (f *Flusher) erasureDue(e buffer.Erasure, now time.Time) bool {
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	if f.erasing.retry.Swap(false) {
		f.erasing.refused.again()
	}
	return f.erasing.refused.due(e, now)
}
