package flush

import (
	"context"
	"errors"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// drainPause is between two attempts to erase at a shutdown while the database
// is away.
const drainPause = 500 * time.Millisecond

// DrainErasures erases from the database who was only erased from the spool so
// far, until nothing is left, the database has refused each that is left, or ctx
// ends. It returns nil, an *ErasuresError, or an error of the disk. It needs no
// Run, and may be called beside Drain.
func (f *Flusher) DrainErasures(ctx context.Context) error {
	failure := stopping()
	for {
		last, err := f.eraseAllPending(ctx)
		if _, disk := errors.AsType[*diskError](err); disk {
			return err
		}
		if last != nil {
			failure = *last
		}
		left := len(f.buffer.PendingErasures())
		if left == 0 {
			return nil
		}
		if ctx.Err() != nil || err == nil && failure.Retry != postgres.Transient {
			return &ErasuresError{Left: left, Failure: failure}
		}
		sleep(ctx, drainPause, f.gate.change())
	}
}

// eraseAllPending tries each erasure that waits. last is the failure of the last
// that failed, or of one that may pass by itself; err is one that ended the pass.
func (f *Flusher) eraseAllPending(ctx context.Context) (last *postgres.Failure, err error) {
	for _, e := range f.buffer.PendingErasures() {
		_, err := f.eraseSaved(ctx, e)
		if err != nil && ctx.Err() == nil && (last == nil || last.Retry != postgres.Transient) {
			failure := postgres.Classify(err)
			last = &failure
		}
		if endsPass(err) {
			return last, err
		}
	}
	return last, nil
}

// FinishErasures erases from the database who was only erased from the spool so
// far, and ends all erasures without waiting for the end of their windows. It is
// for a spool that is about to be removed, which must stay after an error. An
// *ErasuresError says that the database refused some of them, and that all
// others are done.
func (f *Flusher) FinishErasures(ctx context.Context) error {
	last, err := f.eraseAllPending(ctx)
	if err != nil {
		return err
	}
	f.erasing.mu.Lock()
	defer f.erasing.mu.Unlock()
	for _, e := range f.buffer.DoneErasures() {
		err := f.repeatLocked(ctx, e, true)
		if endsPass(err) {
			return err
		}
		if err != nil {
			failure := postgres.Classify(err)
			last = &failure
		}
	}
	if left := len(f.buffer.PendingErasures()) + len(f.buffer.DoneErasures()); left > 0 && last != nil {
		return &ErasuresError{Left: left, Failure: *last}
	}
	return nil
}
