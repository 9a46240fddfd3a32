package buffer

import (
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

var (
	// ErrFull is the result of an update for a new key at MaxPendingRecords.
	ErrFull = errors.New("too many records are waiting to be written; try again later")
	// ErrRange is the result of an update that would take a sum of its key out
	// of the range of 64 bits; the pending record stays as it was.
	ErrRange = errors.New("the sums of this key are out of range")
	// ErrErased is the result of an update that happened before its learner was
	// erased.
	ErrErased = errors.New("the learner was erased after this happened")
	// ErrNoEventID is the result of PutStray for an update without an event id,
	// which could be counted twice.
	ErrNoEventID = errors.New("an update that waits for its home needs an event id")
	// ErrSuperseded refuses a batch of a sender that has sent a later one.
	ErrSuperseded = errors.New("the sender has sent a later batch")
	// ErrNoSpace refuses a whole call while the spool volume is nearly full.
	ErrNoSpace = errors.New("the spool volume is nearly full; updates are accepted again when space is free")
	// ErrFailed refuses every call after an error of the disk. It is final:
	// what is on disk is only known after a restart.
	ErrFailed = spool.ErrFailed
	// ErrNoDeadLetter says that there is no dead letter of an id any more.
	ErrNoDeadLetter = errors.New("there is no such dead letter")
	// ErrClosed refuses calls after Close.
	ErrClosed = errors.New("the buffer is closed")
)

// wrap says what was being done, if there is an error.
func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
