package flush

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// lane writes the batches of one lane, one after the other. Its fields belong
// to its goroutine. A turn makes at most one write; a later version may send
// several batches in it, since compare confirms however many were applied.
type lane struct {
	f     *Flusher
	index int

	// epoch is the claim that ledger was last read in, 0 for none.
	epoch uint64
	// ledger is the number that the ledger stands at as far as is known. It
	// lags behind only when the answer to an Apply was lost.
	ledger uint64
	// rows that the batch of the ledger's number changed, if it was applied by
	// this lane.
	rows int64

	// outages is the gate's count when ledger and spool were last seen to
	// agree; a higher one asks for another look.
	outages uint64

	rewind  *rewind
	rewinds int

	// agreed is when ledger and spool were last seen to agree, saved when the
	// last batch was confirmed, or when a lane with such batches was first seen
	// by this process; in Unix nanoseconds, 0 for never.
	agreed, saved atomic.Int64
	// replayed is when batches were last applied again, or may have been by
	// another process: at a claim.
	replayed atomic.Int64
}

// run ends without an error with ctx or when flushing stops for good. An error
// is one of the buffer's disk.
func (l *lane) run(ctx context.Context) error {
	for l.rest(ctx) {
		if err := l.turn(ctx); err != nil {
			if errors.Is(err, errStopped) || ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
	return nil
}

// follow takes the ledger's number from a claim that the lane has not seen.
func (l *lane) follow(c claim) {
	if c.epoch == l.epoch {
		return
	}
	l.epoch = c.epoch
	l.replayed.Store(time.Now().UnixNano())
	l.found(c.numbers[l.index])
	l.outages, _ = l.f.gate.calm()
	if l.f.buffer.Applied(l.index) > 0 {
		l.saved.CompareAndSwap(0, time.Now().UnixNano())
	}
	if l.compare(l.f.buffer.Frozen(l.index)) == moveOn {
		l.agree()
	}
}

// found notes where the ledger turned out to be, whatever was thought before.
func (l *lane) found(number uint64) {
	if number != l.ledger {
		l.rows = 0
	}
	l.ledger, l.rewind = number, nil
}

func (l *lane) compare(frozen []progress.Batch) move {
	numbers := make([]uint64, len(frozen))
	for i, b := range frozen {
		numbers[i] = b.Number
	}
	return compare(l.ledger, l.f.buffer.Applied(l.index), numbers)
}

func (l *lane) agree() { l.agreed.Store(time.Now().UnixNano()) }

// turn makes one attempt: it makes spool and ledger agree, and then writes the
// lane's next batch.
func (l *lane) turn(ctx context.Context) error {
	a, err := l.f.gate.enter(ctx, l.index)
	if err != nil {
		return err
	}
	c, err := l.f.session.enter(ctx)
	if err != nil {
		l.failed(ctx, a, postgres.Classify(err), true)
		return nil
	}
	defer l.f.session.use.RUnlock()
	l.follow(c)
	outages, _ := l.f.gate.calm()

	for {
		frozen := l.f.buffer.Frozen(l.index)
		switch l.compare(frozen) {
		case moveConfirm:
			if err := l.confirm(frozen[0]); err != nil {
				return l.giveUp(a, err)
			}
		case moveReplay:
			return l.replay(ctx, a)
		case moveHold:
			l.hold(ctx, a)
			return nil
		case moveOn:
			l.rewind = nil
			b, ok, err := l.head(frozen)
			if err != nil {
				return l.giveUp(a, err)
			}
			if !ok {
				return l.look(ctx, a, outages)
			}
			return l.write(ctx, a, b, outages)
		}
	}
}

// head is the batch that is next: a frozen one, or else what is due now.
func (l *lane) head(frozen []progress.Batch) (progress.Batch, bool, error) {
	if len(frozen) > 0 {
		return frozen[0], true, nil
	}
	b, ok, err := l.f.buffer.Freeze(l.index, time.Now(), l.f.gate.batchSize())
	if err != nil {
		return b, false, fmt.Errorf("freezing a batch of lane %d: %w", l.index, err)
	}
	return b, ok, nil
}

// write sends the batch and does what its outcome asks for.
func (l *lane) write(ctx context.Context, a attempt, b progress.Batch, outages uint64) error {
	res, err := l.apply(ctx, b)
	if err != nil {
		f := postgres.Classify(err)
		if f.Retry == postgres.Data && ctx.Err() == nil {
			return l.refused(a, b, f)
		}
		l.failed(ctx, a, f, false)
		return nil
	}
	if !l.settle(ctx, a, res) {
		return nil
	}
	l.ledger, l.rows, l.outages = res.LedgerNumber, res.Rows, outages
	if res.Outcome == postgres.Applied {
		return l.confirm(b)
	}
	// Already applied: the number decides. One of ours is confirmed in the
	// next turn, a later one means a stale spool.
	return nil
}

func (l *lane) apply(ctx context.Context, b progress.Batch) (postgres.Result, error) {
	res, err := l.f.db.Apply(ctx, l.f.session.writer, l.f.session.owner, l.ledger, b)
	if err != nil {
		return res, fmt.Errorf("applying batch %d of lane %d: %w", b.Number, b.Lane, err)
	}
	return res, nil
}

// settle ends an attempt that the database has answered. It returns false when
// nothing was written: the ledger is elsewhere, gone or not ours.
func (l *lane) settle(ctx context.Context, a attempt, res postgres.Result) bool {
	switch res.Outcome {
	case postgres.Applied, postgres.AlreadyApplied:
		l.rewinds = 0
		l.f.gate.succeeded(a)
		return true
	case postgres.Rewound:
		l.found(res.LedgerNumber)
		if res.Missing {
			l.f.session.invalidate()
		}
		if l.rewinds++; l.rewinds > 1 {
			l.failed(ctx, a, unsteadyLedger(), false)
		} else {
			l.f.gate.settled(a)
			l.f.gate.recheck() // the other lanes look, too
		}
		return false
	default:
		l.fenced(a, res)
		return false
	}
}

// fenced ends an attempt that found the row in other hands. A ledger behind
// what was confirmed is one that fell back to before this process's claim: the
// owner that it names is an earlier one, and the rows are claimed again.
func (l *lane) fenced(a attempt, res postgres.Result) {
	if res.LedgerNumber < l.f.buffer.Applied(l.index) {
		l.f.session.invalidate()
		l.f.gate.settled(a)
		return
	}
	l.f.gate.givenBack(a)
	l.f.gate.stop(fenced())
}

// failed ends an attempt that failed. What a shutdown cut short is no failure;
// the ledger tells the next process whether it was applied.
func (l *lane) failed(ctx context.Context, a attempt, f postgres.Failure, atClaim bool) {
	if ctx.Err() != nil {
		l.f.gate.givenBack(a)
		return
	}
	l.f.gate.failed(a, f, atClaim)
}

// giveUp ends an attempt because of the disk.
func (l *lane) giveUp(a attempt, err error) error {
	l.f.gate.givenBack(a)
	return err
}

// refused finds the record that the database won't have, by halves.
func (l *lane) refused(a attempt, b progress.Batch, f postgres.Failure) error {
	switch l.f.gate.refused(a, f, len(b.Records)).verdict {
	case verdictSplit:
		if err := l.f.buffer.Split(b.Lane, b.Number); err != nil {
			return fmt.Errorf("splitting batch %d of lane %d: %w", b.Number, b.Lane, err)
		}
		l.f.observer.BatchSplit(b, f)
	case verdictQuarantine:
		reason := buffer.DeadLetterReason{SQLState: f.SQLState, Constraint: f.Constraint}
		if err := l.f.buffer.Quarantine(b.Lane, b.Number, reason); err != nil {
			return fmt.Errorf("setting aside batch %d of lane %d: %w", b.Number, b.Lane, err)
		}
		l.f.observer.BatchQuarantined(b, f)
	}
	return nil
}

func (l *lane) confirm(b progress.Batch) error {
	if err := l.f.buffer.Confirm(b.Lane, b.Number); err != nil {
		return fmt.Errorf("confirming batch %d of lane %d: %w", b.Number, b.Lane, err)
	}
	now := time.Now()
	l.saved.Store(now.UnixNano())
	if b.Number == l.ledger {
		l.agree()
		l.f.observer.BatchSaved(b, l.rows, now)
	} else {
		l.f.observer.BatchSaved(b, 0, now)
	}
	return nil
}
