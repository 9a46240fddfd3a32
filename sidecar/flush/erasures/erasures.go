package erasures

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

// Spool is what knows the erasures; *buffer.Buffer is one. Its errors are those of
// the disk.
type Spool interface {
	// PendingErasures are those that the database has not carried out yet,
	// DoneErasures those that it has, within the window.
	PendingErasures() []buffer.Erasure
	DoneErasures() []buffer.Erasure
	ErasureDone(buffer.Erasure) error
	ForgetErasure(buffer.Erasure) error
}

// Database is where learners are erased; *postgres.Database is one. Its errors are
// told apart by postgres.Classify.
type Database interface {
	Erase(ctx context.Context, userID string, before time.Time) (postgres.Erased, error)
}

// Options of Erasures; all of them are needed.
type Options struct {
	Spool    Spool
	Database Database
	// Window is how long after it was carried out an erasure may have to be repeated.
	Window func() time.Duration
	// Refused is told how many erasures the database refuses for themselves, and why
	// it last refused one, when that number changes; 0 and nil for none.
	Refused func(n int, last *postgres.Failure)
}

// Erasures keeps account of the erasures of one spool.
type Erasures struct {
	o Options

	// mu is locked while the database is asked, so that whoever repeats erasures
	// knows of the one that has just happened.
	mu sync.Mutex
	// undone counts how often a failover may have undone erasures, repeated is that
	// count when all of them had been repeated.
	undone, repeated uint64
	refused          refusals
	orders           orders
	// told is how many refused erasures Options.Refused knows of.
	told int
	// retry asks for the refused ones to be tried without their pauses.
	retry atomic.Bool
}

// New makes Erasures; it does no I/O.
func New(o Options) *Erasures {
	return &Erasures{o: o, refused: refusals{}, orders: newOrders()}
}

// DiskError is an error of the spool's disk among those of the database.
type DiskError struct{ error }

func (e *DiskError) Unwrap() error { return e.error }

// RetryNow lets those that were refused be tried again at the next Tend.
func (e *Erasures) RetryNow() { e.retry.Store(true) }

// Ordered says that a learner is about to be erased from the spool, and then by Erase
// for somebody who has to know the rows. A pass over what is pending may come between
// the two. Whoever called it calls over after Erase.
func (e *Erasures) Ordered(userID string) (over func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.orders.begin(userID)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.orders.end(userID)
	}
}

// Erase erases a learner from the database, who is erased from the spool, and
// returns the number of rows, also if they were removed earlier in an order that is
// not over. It returns a *DiskError or an error of the database.
func (e *Erasures) Erase(ctx context.Context, erasure buffer.Erasure) (rows int64, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	erased, err := e.askLocked(ctx, erasure)
	if err != nil {
		return 0, fmt.Errorf("erasing a learner from the database: %w", err)
	}
	rows = e.orders.rowsOf(erasure, erased)
	done := e.o.Spool.ErasureDone
	if e.o.Window() <= 0 {
		done = e.o.Spool.ForgetErasure
	}
	if err := done(erasure); err != nil {
		return 0, &DiskError{err}
	}
	return rows, nil
}

// Repeat erases again all learners whom the database had erased, since it may
// be an older state of itself. Lanes wait for Repeat, so it ends also at an
// erasure that took its whole time, behind a lock for example. That erasure,
// those that follow it, and those that the database refuses are left to Tend,
// and are no error. An error is a *DiskError or a failure that lets nothing be
// written either.
func (e *Erasures) Repeat(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.undone++
	for _, erasure := range e.o.Spool.DoneErasures() {
		err := e.repeatLocked(ctx, erasure, false)
		if err == nil || !endsPass(err) && !postgres.Classify(err).OfOneTransaction() {
			continue
		}
		if _, disk := errors.AsType[*DiskError](err); disk || !postgres.Classify(err).Connected() {
			return err
		}
		return nil
	}
	e.repeated = e.undone
	return nil
}

// repeatLocked repeats an erasure, and lets the spool forget it if that is the last
// time.
func (e *Erasures) repeatLocked(ctx context.Context, erasure buffer.Erasure, last bool) error {
	erased, err := e.askLocked(ctx, erasure)
	if err != nil {
		return fmt.Errorf("repeating an erasure: %w", err)
	}
	switch {
	case !erased.Repeated: // it was undone, and its window begins anew
		err = e.o.Spool.ErasureDone(erasure)
	case last:
		err = e.o.Spool.ForgetErasure(erasure)
	}
	if err != nil {
		return &DiskError{err}
	}
	return nil
}

// askLocked asks the database to erase, and keeps account of what it refuses.
func (e *Erasures) askLocked(ctx context.Context, erasure buffer.Erasure) (postgres.Erased, error) {
	erased, err := e.o.Database.Erase(ctx, erasure.UserID, erasure.At.Time())
	if err == nil {
		delete(e.refused, erasure.UserID)
	} else if failure := postgres.Classify(err); !meetsAll(failure) && ctx.Err() == nil {
		e.refused.add(erasure, failure, time.Now())
	}
	e.tellLocked()
	return erased, err
}

func (e *Erasures) tellLocked() {
	if n := len(e.refused); n != e.told {
		e.told = n
		e.o.Refused(n, e.refused.newest())
	}
}

// Tend erases from the database who was only erased from the spool so far, repeats
// erasures that may have been undone, and ends those whose window is over. It ends
// at the first failure that would meet all of them, or at a *DiskError; what the
// database refuses for itself is tried again after a pause of its own.
func (e *Erasures) Tend(ctx context.Context, now time.Time) error {
	pending := e.o.Spool.PendingErasures()
	for _, erasure := range pending {
		if !e.due(erasure, now) {
			continue
		}
		if _, err := e.Erase(ctx, erasure); endsPass(err) {
			return err
		}
	}
	done := e.o.Spool.DoneErasures()
	e.mu.Lock()
	undone := e.undone
	all := e.repeated < undone
	e.refused.keep(pending, done)
	e.tellLocked()
	e.mu.Unlock()
	for _, erasure := range done {
		over := now.Sub(erasure.Done.Time()) >= e.o.Window()
		if err := e.tendDone(ctx, erasure, now, all, over); endsPass(err) {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.repeated = max(e.repeated, undone)
	return nil
}

// tendDone repeats an erasure if all have to be, if its window is over, or if the
// database refused that before and its pause is over. It keeps lanes waiting for no
// more than one erasure.
func (e *Erasures) tendDone(ctx context.Context, erasure buffer.Erasure, now time.Time, all, over bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, refused := e.refused[erasure.UserID]
	if !all && (!over && !refused || !e.refused.due(erasure, now)) {
		return nil
	}
	return e.repeatLocked(ctx, erasure, over)
}

func (e *Erasures) due(erasure buffer.Erasure, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.retry.Swap(false) {
		e.refused.again()
	}
	return e.refused.due(erasure, now)
}

// endsPass reports whether an error keeps the erasures that follow from being
// tried: one of the disk, or one that would meet them as well.
func endsPass(err error) bool {
	if _, disk := errors.AsType[*DiskError](err); disk {
		return true
	}
	return err != nil && meetsAll(postgres.Classify(err))
}

// meetsAll reports whether a failure says nothing of the erasure that met it,
// since any other would have fared the same. Of an unknown failure that is not
// assumed: the next one is tried.
func meetsAll(f postgres.Failure) bool {
	if !f.Connected() {
		return true
	}
	switch f.Class {
	case postgres.ReadOnly, postgres.ShuttingDown, postgres.Overloaded:
		return !f.OfOneTransaction()
	default:
		return false
	}
}
