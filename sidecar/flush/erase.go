package flush

import (
	"context"
	"fmt"

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
	e.Rows, err = f.db.Erase(ctx, userID, e.At.Time())
	if err != nil {
		failure := postgres.Classify(err)
		e.Failure = &failure
		return e, nil
	}
	e.DatabaseDone = true
	return e, f.buffer.ErasureDone(e.Erasure)
}

// undisturbed runs a change of the buffer's batches while no lane uses one. What
// a replay holds of them is read again after it.
func (f *Flusher) undisturbed(change func() error) error {
	f.session.use.Lock()
	defer f.session.use.Unlock()
	f.erasures.Add(1)
	return change()
}

// FinishErasures erases from the database who was only erased from the spool so
// far, and ends at the first failure, which postgres.Classify knows, or which is
// one of the buffer's disk.
func (f *Flusher) FinishErasures(ctx context.Context) error {
	for _, e := range f.buffer.PendingErasures() {
		if _, err := f.db.Erase(ctx, e.UserID, e.At.Time()); err != nil {
			return fmt.Errorf("finishing an erasure: %w", err)
		}
		if err := f.buffer.ErasureDone(e); err != nil {
			return &diskError{err}
		}
	}
	return nil
}

// diskError is an error of the buffer's disk among those of the database.
type diskError struct{ error }

func (e *diskError) Unwrap() error { return e.error }
