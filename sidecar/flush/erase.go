package flush

import (
	"context"
	"errors"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Erased is what Erase removed.
type Erased struct {
	// Erased is what the spool held.
	buffer.Erased
	// Rows that the database held, once DatabaseDone.
	Rows int64
	// DatabaseDone is false while the learner is still to be erased from the
	// database. That is tried again until it is done, also after a restart.
	DatabaseDone bool
	// Failure says why it is not done yet.
	Failure *postgres.Failure
}

// Erase removes a learner from the spool and from the database. No batch is on
// its way to the database while the spool is changed. An error is one of the
// buffer's: nothing is erased then, or it is not known to be.
func (f *Flusher) Erase(ctx context.Context, userID string) (Erased, error) {
	var e Erased
	err := f.undisturbed(func() (err error) {
		e.Erased, err = f.buffer.Erase(ctx, userID)
		return err
	})
	if err != nil {
		return Erased{}, err
	}
	rows, err := f.eraseSaved(ctx, e.Erasure)
	if disk, ok := errors.AsType[*diskError](err); ok {
		return e, disk.error
	}
	if err != nil {
		failure := postgres.Classify(err)
		e.Failure = &failure
		return e, nil
	}
	e.Rows, e.DatabaseDone = rows, true
	return e, nil
}

// undisturbed runs a change of the buffer's batches while no lane uses one. What
// a replay holds of them is read again after it.
func (f *Flusher) undisturbed(change func() error) error {
	f.session.use.Lock()
	defer f.session.use.Unlock()
	f.erasures.Add(1)
	defer f.gate.wake() // what was in doubt may be gone
	return change()
}

// diskError is an error of the buffer's disk among those of the database.
type diskError struct{ error }

func (e *diskError) Unwrap() error { return e.error }
