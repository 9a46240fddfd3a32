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

// lane writes the batches of one lane, round by round. Its fields belong to its
// goroutine. A turn makes at most one write.
type lane struct {
	f     *Flusher
	index int

	// epoch is the claim that ledger was last read in, 0 for none.
	epoch uint64
	// claims is how often the lane's row had been claimed at that claim.
	claims uint64
	// ledger is where the ledger stands as far as is known. It lags behind only
	// when the answer to a round was lost.
	ledger place
	// rows that the batches which this lane applied and did not confirm yet have
	// changed, by their numbers.
	rows   map[uint64]int64
	pace   pace
	doubts doubts

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
			if ended := errors.Is(err, errStopped) || ctx.Err() != nil; !ended {
				return err
			}
			break
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
	row := c.rows[l.index]
	l.claims = row.Claims
	l.found(place{row.Number, row.BatchID})
	l.outages, _ = l.f.gate.calm()
	if l.f.buffer.Applied(l.index) > 0 {
		l.saved.CompareAndSwap(0, time.Now().UnixNano())
	}
	if l.compare(l.f.buffer.Frozen(l.index)) == moveOn {
		l.agree()
	}
}

// found notes where the ledger turned out to be, whatever was thought before.
func (l *lane) found(at place) {
	if at.number != l.ledger.number {
		clear(l.rows)
	}
	l.ledger, l.rewind = at, nil
}

// standsAt is found for a number of a row that is ours: while it stays, so does
// the id that the claim found with it.
func (l *lane) standsAt(number uint64) {
	at := place{number: number}
	if number == l.ledger.number {
		at.id = l.ledger.id
	}
	l.found(at)
}

func (l *lane) compare(frozen []progress.Batch) move {
	return compare(l.ledger, l.f.buffer.Applied(l.index), frozen)
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
		l.failed(ctx, a, claimFailure(err), true)
		return nil
	}
	defer l.f.session.use.RUnlock()
	l.follow(c)
	outages, _ := l.f.gate.calm()
	if err := l.f.secureErasures(ctx, outages, false); err != nil {
		return l.unsecured(ctx, a, err)
	}

	for {
		frozen := l.f.buffer.Frozen(l.index)
		switch l.compare(frozen) {
		case moveConfirm:
			if err := l.confirm(frozen); err != nil {
				return l.giveUp(a, err)
			}
		case moveReplay:
			return l.replay(ctx, a)
		case moveHold:
			l.hold(ctx, a)
			return nil
		case moveOn:
			l.rewind = nil
			round, err := l.next(frozen)
			if err != nil {
				return l.giveUp(a, err)
			}
			if len(round) == 0 && len(l.doubts.refused) > 0 {
				l.f.gate.givenBack(a)
				return nil
			}
			if len(round) == 0 {
				return l.look(ctx, a, outages)
			}
			return l.write(ctx, a, round, outages)
		}
	}
}

// unsecured ends an attempt in which erasures could not be repeated.
func (l *lane) unsecured(ctx context.Context, a attempt, err error) error {
	if disk, ok := errors.AsType[*diskError](err); ok {
		return l.giveUp(a, disk)
	}
	l.failed(ctx, a, postgres.Classify(err), false)
	return nil
}

// next is the round that is next: of frozen batches, or else of what is due now.
func (l *lane) next(frozen []progress.Batch) ([]progress.Batch, error) {
	size := l.f.gate.batchSize()
	written, _ := l.f.gate.witness()
	if len(l.doubts.fresh(frozen, written)) < len(frozen) {
		round, err := l.neighbours(frozen, written)
		return portion(round, l.pace.of(maxRound)), err
	}
	if len(frozen) > 0 {
		return portion(frozen, l.pace.of(maxRound)), nil
	}
	round, err := l.f.buffer.FreezeRound(l.index, time.Now(), size, l.pace.of(roundOf(size)))
	if err != nil {
		return nil, fmt.Errorf("freezing batches of lane %d: %w", l.index, err)
	}
	return round, nil
}

// freezeAhead freezes the round after this one while the database works on it,
// if all goes well and so much is due that this one is full and the last that is
// frozen. It sends an error of the disk, or nil, when it is done.
func (l *lane) freezeAhead(round []progress.Batch) <-chan error {
	done := make(chan error, 1)
	size := l.f.gate.batchSize()
	most := l.pace.of(roundOf(size))
	last := round[len(round)-1]
	frozen := l.f.buffer.Frozen(l.index)
	if l.pace.limit < maxRound || len(round) < most || len(last.Records) < size || frozen[len(frozen)-1].Number > last.Number {
		done <- nil
		return done
	}
	go func() {
		_, err := l.f.buffer.FreezeRound(l.index, time.Now(), size, most)
		if err != nil {
			err = fmt.Errorf("freezing batches of lane %d: %w", l.index, err)
		}
		done <- err
	}()
	return done
}

// write sends the round and does what its outcome asks for.
func (l *lane) write(ctx context.Context, a attempt, round []progress.Batch, outages uint64) error {
	frozen := l.freezeAhead(round)
	l.doubts.send(round)
	results, failed := l.apply(ctx, round)
	if err := <-frozen; err != nil {
		return l.giveUp(a, err)
	}
	for i, res := range results {
		if res.Outcome == postgres.Applied {
			l.rows[round[i].Number] = res.Rows
			if res.Rows > 0 {
				l.f.gate.wrote()
			}
		}
	}
	if done, ok := lastDone(results); ok {
		// The number decides. One of ours confirms the batches up to it, a later
		// one means a stale spool, which the next turn finds.
		l.ledger, l.outages = place{number: done.LedgerNumber}, outages
		frozen := l.f.buffer.Frozen(l.index)
		if l.compare(frozen) == moveConfirm {
			if err := l.confirm(frozen); err != nil {
				return l.giveUp(a, err)
			}
		}
	}
	if failed != nil {
		f := postgres.Classify(failed)
		if isRefusal(f) && ctx.Err() == nil {
			return l.refused(a, round[len(results)], f)
		}
		l.failed(ctx, a, f, false)
		return nil
	}
	l.settle(ctx, a, results[len(results)-1])
	return nil
}

// lastDone is the last result of a batch that is in the database.
func lastDone(results []postgres.Result) (done postgres.Result, ok bool) {
	for _, res := range results {
		if res.Outcome == postgres.Applied || res.Outcome == postgres.AlreadyApplied {
			done, ok = res, true
		}
	}
	return done, ok
}

// apply sends batches. Without an error there is at least one result.
func (l *lane) apply(ctx context.Context, round []progress.Batch) ([]postgres.Result, error) {
	results, err := l.f.db.ApplyRound(ctx, l.f.session.writer, l.f.session.owner, l.ledger.number, round)
	if err != nil {
		return results, fmt.Errorf("writing to the database in lane %d: %w", l.index, err)
	}
	return results, nil
}

// settle ends an attempt that the database has answered. It returns false when
// nothing was written: the ledger is elsewhere, gone or not ours.
func (l *lane) settle(ctx context.Context, a attempt, res postgres.Result) bool {
	switch res.Outcome {
	case postgres.Applied, postgres.AlreadyApplied:
		l.rewinds = 0
		l.pace.succeeded()
		l.f.gate.succeeded(a)
		return true
	case postgres.Rewound:
		l.standsAt(res.LedgerNumber)
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

// fenced ends an attempt that found the row in other hands. One that was claimed
// less often than at this process's claim fell back to before that: the owner
// that it names is an earlier one, and the rows are claimed again. Every claim
// raises the count, so that of two processes which both live, as on copies of a
// spool, the one that finds the higher count stops, and they don't fight.
func (l *lane) fenced(a attempt, res postgres.Result) {
	if res.Claims < l.claims {
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
	l.pace.failed()
	l.f.gate.failed(a, f, atClaim)
}

// giveUp ends an attempt because of the disk.
func (l *lane) giveUp(a attempt, err error) error {
	l.f.gate.givenBack(a)
	return err
}

// refused finds the record that the database won't have, by halves.
func (l *lane) refused(a attempt, b progress.Batch, f postgres.Failure) error {
	switch blame(l.refusal(b, f)) {
	case verdictSplit:
		l.f.gate.refused(a, f)
		if err := l.f.buffer.Split(b.Lane, b.Number); err != nil {
			return fmt.Errorf("splitting batch %d of lane %d: %w", b.Number, b.Lane, err)
		}
		l.f.observer.BatchSplit(b, f)
	case verdictQuarantine:
		l.f.gate.refused(a, f)
		reason := buffer.DeadLetterReason{SQLState: f.SQLState, Constraint: f.Constraint}
		if err := l.f.buffer.Quarantine(b.Lane, b.Number, reason); err != nil {
			return fmt.Errorf("setting aside batch %d of lane %d: %w", b.Number, b.Lane, err)
		}
		l.f.gate.setAside()
		l.f.observer.BatchQuarantined(b, f)
	default:
		return l.doubt(a, b, f)
	}
	return nil
}

// confirm tells the buffer that its frozen batches up to the ledger's number are
// in the database.
func (l *lane) confirm(frozen []progress.Batch) error {
	if err := l.f.buffer.ConfirmThrough(l.index, l.ledger.number); err != nil {
		return fmt.Errorf("confirming the batches of lane %d: %w", l.index, err)
	}
	now := time.Now()
	l.saved.Store(now.UnixNano())
	l.agree()
	for _, b := range frozen {
		l.f.observer.BatchSaved(b, l.rows[b.Number], now)
		if b.Number == l.ledger.number {
			break
		}
	}
	clear(l.rows)
	return nil
}
