package erasures

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// drainPause is between two attempts to erase at a shutdown while the database
// is away.
const drainPause = 500 * time.Millisecond

// Error says that erasures are not done in the database. They stay in the spool.
type Error struct {
	Left int
	// Failure of the last one that was tried.
	Failure postgres.Failure
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d learners are erased from the spool and not from the database yet: %s", e.Left, e.Failure.Message)
}

// Drain erases from the database who was only erased from the spool so far, until
// nothing is left, the database has refused each that is left, or ctx ends. It
// returns nil, an *Error, or a *DiskError. If none was tried, the *Error has the
// given failure.
func (e *Erasures) Drain(ctx context.Context, untried postgres.Failure) error {
	failure := untried
	for {
		last, err := e.erasePending(ctx)
		if _, disk := errors.AsType[*DiskError](err); disk {
			return err
		}
		if last != nil {
			failure = *last
		}
		left := len(e.o.Spool.PendingErasures())
		if left == 0 {
			return nil
		}
		if ctx.Err() != nil || err == nil && failure.Retry != postgres.Transient {
			return &Error{Left: left, Failure: failure}
		}
		pause(ctx)
	}
}

func pause(ctx context.Context) {
	over := time.NewTimer(drainPause)
	defer over.Stop()
	select {
	case <-ctx.Done():
	case <-over.C:
	}
}

// erasePending tries each erasure that waits. last is the failure of the last that
// failed, or of one that may pass by itself; err is one that ended the pass.
func (e *Erasures) erasePending(ctx context.Context) (last *postgres.Failure, err error) {
	for _, erasure := range e.o.Spool.PendingErasures() {
		_, err := e.Erase(ctx, erasure)
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

// Finish erases from the database who was only erased from the spool so far, and
// ends all erasures without waiting for the end of their windows. It is for a spool
// that is about to be removed, which must stay after an error. An *Error says that
// the database refused some of them, and that all others are done.
func (e *Erasures) Finish(ctx context.Context) error {
	last, err := e.erasePending(ctx)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, erasure := range e.o.Spool.DoneErasures() {
		err := e.repeatLocked(ctx, erasure, true)
		if endsPass(err) {
			return err
		}
		if err != nil {
			failure := postgres.Classify(err)
			last = &failure
		}
	}
	if left := len(e.o.Spool.PendingErasures()) + len(e.o.Spool.DoneErasures()); left > 0 && last != nil {
		return &Error{Left: left, Failure: *last}
	}
	return nil
}
