package flush

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush/blame"
	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/flush/erasures"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Options of a Flusher. Rand and Log may be left out.
type Options struct {
	Buffer   Buffer
	Database Database
	Observer Observer
	Policy   Policy
	Log      logr.Logger
	// Rand returns a number in [0, 1) for jitter.
	Rand func() float64
}

// Flusher writes one spool to one database.
type Flusher struct {
	buffer   Buffer
	db       Database
	observer Observer
	policy   atomic.Pointer[Policy]
	ledger   *ledger
	breaker  *breaker.Breaker
	evidence *blame.Evidence
	erasures *erasures.Erasures
	lanes    []*lane
	upkeep   *upkeep
	done     chan struct{}
}

// New makes a Flusher with owner tokens of its own; it does no I/O.
func New(o Options) *Flusher {
	chance := o.Rand
	if chance == nil {
		chance = rand.Float64
	}
	observer := &narrator{Observer: o.Observer, log: o.Log}
	f := &Flusher{
		buffer: o.Buffer, db: o.Database, observer: observer,
		breaker:  breaker.New(o.Buffer.Lanes(), o.Policy.backoff(), chance, observer),
		evidence: &blame.Evidence{},
		done:     make(chan struct{}),
	}
	f.policy.Store(&o.Policy)
	f.erasures = erasures.New(erasures.Options{
		Spool: o.Buffer, Database: o.Database, Refused: observer.ErasuresRefused,
		Window: func() time.Duration { return f.policy.Load().ReplayWindow },
	})
	f.ledger = newLedger(o.Database, o.Buffer, f.erasures)
	for i := range o.Buffer.Lanes() {
		f.lanes = append(f.lanes, &lane{f: f, index: i, rounds: rounds{
			buffer: o.Buffer, lane: i, evidence: f.evidence, doubts: blame.NewDoubts(f.evidence),
			size: func() int { return max(1, f.policy.Load().BatchSize) },
		}})
	}
	f.upkeep = &upkeep{f: f, interval: breaker.Jitter(healthInterval, chance())}
	return f
}

// Run flushes until ctx ends and returns nil then. It may be called once. An
// error is one of the buffer's disk: nothing more can be written safely by this
// process, and the next one goes on where it stopped.
func (f *Flusher) Run(ctx context.Context) error {
	defer close(f.done)
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range f.lanes {
		group.Go(func() error { return l.run(ctx) })
	}
	group.Go(func() error { return f.upkeep.run(ctx) })
	group.Go(func() error { <-ctx.Done(); return nil })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	return nil
}

// SetPolicy changes the policy of a running Flusher and lets all lanes try now.
func (f *Flusher) SetPolicy(p Policy) {
	f.policy.Store(&p)
	f.erasures.RetryNow()
	f.breaker.SetBackoff(p.backoff())
}

// Nudge says that credentials or configuration changed: whatever waits after a
// failure tries again now, and an idle connection is checked.
func (f *Flusher) Nudge() {
	f.erasures.RetryNow()
	f.ledger.question()
	f.breaker.Recheck()
}

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

// ErasuresError says that erasures are not done in the database. They stay in
// the spool.
type ErasuresError = erasures.Error

// Erase removes a learner from the spool and from the database. No batch is on
// its way to the database while the spool is changed. An error is one of the
// buffer's: nothing is erased then, or it is not known to be.
func (f *Flusher) Erase(ctx context.Context, userID string) (Erased, error) {
	defer f.erasures.Ordered(userID)()
	var e Erased
	err := f.ledger.undisturbed(func() (err error) {
		e.Erased, err = f.buffer.Erase(ctx, userID)
		return err
	})
	if err != nil {
		return Erased{}, err
	}
	rows, err := f.erasures.Erase(ctx, e.Erasure)
	if disk, ok := errors.AsType[*erasures.DiskError](err); ok {
		return e, disk.Unwrap()
	}
	if err != nil {
		failure := postgres.Classify(err)
		e.Failure = &failure
		return e, nil
	}
	e.Rows, e.DatabaseDone = rows, true
	return e, nil
}

// DrainErasures erases from the database who was only erased from the spool so
// far, until nothing is left, the database has refused each that is left, or ctx
// ends. It returns nil, an *ErasuresError, or an error of the disk. It needs no
// Run, and may be called beside Drain.
func (f *Flusher) DrainErasures(ctx context.Context) error {
	return f.erasures.Drain(ctx, stopping())
}

// FinishErasures erases from the database who was only erased from the spool so
// far, and ends all erasures without waiting for the end of their windows. It is
// for a spool that is about to be removed, which must stay after an error. An
// *ErasuresError says that the database refused some of them, and that all
// others are done.
func (f *Flusher) FinishErasures(ctx context.Context) error { return f.erasures.Finish(ctx) }

// NotSavedError says why what was accepted is not in the database. It is kept
// and written later.
type NotSavedError struct{ Failure postgres.Failure }

func (e *NotSavedError) Error() string {
	return "accepted and kept, not saved in the database yet: " + e.Failure.Message
}

func stopping() postgres.Failure {
	return postgres.Failure{
		Class: ClassStopping, Kind: postgres.KindServer, Retry: postgres.Transient,
		Message: "The sidecar is shutting down; what it accepted is on its disk and is written at its next start.",
	}
}

// errStrays ends a Drain that has only strays left, which others must take.
var errStrays = errors.New("they wait for other sidecars of the table, and are handed on to them from this spool later")

// errNoMore ends a Drain that has nothing to wait for.
var errNoMore = errors.New("nothing more can be written")

// Sync makes all that the filter matches due and waits until it is saved or
// quarantined, which is nil. It returns a *NotSavedError as soon as an attempt
// that started after the call fails, not counting one that is repeated at once,
// and an error that wraps ctx's when ctx ends before. After a failure the
// records stay due and are tried again as the policy says.
func (f *Flusher) Sync(ctx context.Context, filter buffer.Filter) error {
	due := f.buffer.MakeDue(filter)
	last := f.breaker.Nudge()
	return f.await(ctx, due, func() error {
		if failure, failed := f.breaker.FailedSince(last); failed {
			return &NotSavedError{failure}
		}
		f.breaker.NudgeAgain(last)
		return nil
	})
}

// await waits until what the set names is saved, check fails, or ctx or Run
// ends.
func (f *Flusher) await(ctx context.Context, due buffer.DueSet, check func() error) error {
	done := f.done
	for {
		progressed, changed := f.buffer.Progressed(), f.breaker.Changed()
		if f.buffer.Saved(due) {
			return nil
		}
		if err := check(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until it is saved: %w", ctx.Err())
		case <-done:
			if f.buffer.Saved(due) {
				return nil
			}
			return &NotSavedError{stopping()}
		case <-progressed:
		case <-changed:
		}
	}
}

// Drain writes all that the buffer has, with short pauses between attempts,
// until nothing is left but strays and what is in doubt, ctx ends or flushing has stopped
// for good. Run must be running. It returns the number of records that stay in
// the spool and, if there are any, why: a *NotSavedError or an error that wraps
// ctx's.
func (f *Flusher) Drain(ctx context.Context) (remaining int, err error) {
	f.breaker.Hurry()
	last := f.breaker.Nudge()
	for {
		due := f.buffer.MakeDue(buffer.Filter{})
		err := f.await(ctx, due, func() error {
			if s := f.buffer.Stats(); s.Strays > 0 && s.Strays == s.Pending && s.InFlight == 0 {
				return errStrays
			}
			if f.breaker.Stopped() || f.breaker.UndecidedSince(last) {
				return errNoMore
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
		if failure, failed := f.breaker.FailedSince(last); failed {
			err = &NotSavedError{failure}
		}
		return remaining, fmt.Errorf("draining: %w", err)
	}
}
