package flush

import (
	"context"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// NotSavedError says why what was accepted is not in the database. It is kept
// and written later.
type NotSavedError struct{ Failure postgres.Failure }

func (e *NotSavedError) Error() string {
	return "accepted and kept, not saved in the database yet: " + e.Failure.Message
}

// Sync makes all that the filter matches due and waits until it is saved or
// quarantined, which is nil. It returns a *NotSavedError as soon as an attempt
// that started after the call fails, not counting one that is repeated at once,
// and an error that wraps ctx's when ctx ends before. After a failure the
// records stay due and are tried again as the policy says.
func (f *Flusher) Sync(ctx context.Context, filter buffer.Filter) error {
	mark := f.buffer.MarkDue(filter)
	last := f.gate.nudge()
	return f.await(ctx, mark, func() error {
		if failure, failed := f.gate.failedSince(last); failed {
			return &NotSavedError{failure}
		}
		f.gate.nudgeAgain(last)
		return nil
	})
}

// await waits until the mark is saved, check fails or ctx or Run ends.
func (f *Flusher) await(ctx context.Context, mark buffer.Mark, check func() error) error {
	done := f.done
	for {
		progressed, changed := f.buffer.Progressed(), f.gate.change()
		if f.buffer.Saved(mark) {
			return nil
		}
		if err := check(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until it is saved: %w", ctx.Err())
		case <-done:
			if f.buffer.Saved(mark) {
				return nil
			}
			return &NotSavedError{stopping()}
		case <-progressed:
		case <-changed:
		}
	}
}

// Drain writes all that the buffer holds, with short pauses between attempts,
// until nothing is left but what is in doubt, ctx ends or flushing has stopped
// for good. Run must be running. It returns the number of records that stay in
// the spool and, if there are any, why: a *NotSavedError or an error that wraps
// ctx's.
func (f *Flusher) Drain(ctx context.Context) (remaining int, err error) {
	f.gate.setHurry()
	last := f.gate.nudge()
	for {
		mark := f.buffer.MarkDue(buffer.Filter{})
		err := f.await(ctx, mark, func() error {
			if f.gate.ended() || f.gate.undecidedSince(last) {
				return errStopped
			}
			return nil
		})
		s := f.buffer.Stats()
		remaining = int(s.Pending + s.InFlight)
		if remaining == 0 {
			return 0, nil
		}
		if err == nil {
			continue
		}
		if failure, failed := f.gate.failedSince(last); failed {
			err = &NotSavedError{failure}
		}
		return remaining, fmt.Errorf("draining: %w", err)
	}
}
