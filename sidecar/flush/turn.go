package flush

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush/blame"
	"github.com/progress-sync/progress-sync/sidecar/flush/breaker"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// turn makes one attempt, with at most one write: it makes spool and ledger agree, or
// else writes the lane's next round. An error is one of the disk.
func (l *lane) turn(ctx context.Context, probe bool) (outcome, error) {
	renewed, err := l.f.ledger.enter(ctx)
	if err != nil {
		return notEntered(err)
	}
	defer l.f.ledger.leave()
	var o outcome
	at, _ := l.f.ledger.of(l.index)
	frozen := l.f.buffer.Frozen(l.index)
	switch compare(at, l.f.buffer.Applied(l.index), frozen) {
	case stepReplay:
		return l.replayNext(ctx, at), nil
	case stepHold:
		return l.hold(renewed), nil
	case stepConfirm:
		if o.saved, err = l.confirm(at, frozen, nil); err != nil {
			return o, err
		}
		frozen = l.f.buffer.Frozen(l.index)
	case stepWrite:
	}
	l.replay = nil
	round, err := l.rounds.next(frozen, probe)
	switch {
	case err != nil:
		return o, err
	case len(round) > 0:
		return l.write(ctx, o, at, round)
	case !l.rounds.doubts.Any():
		o.Kind = breaker.Reached
	}
	return o, nil
}

// notEntered is the outcome of a turn that did not get to know where the ledger
// stands.
func notEntered(err error) (outcome, error) {
	if disk := ofDisk(err); disk != nil {
		return outcome{}, disk
	}
	if errors.Is(err, errFenced) {
		return outcome{Outcome: breaker.Outcome{Kind: breaker.Stopped, Failure: fenced()}}, nil
	}
	o := failed(ledgerFailure(err))
	o.AtLedger = true
	return outcome{Outcome: o}, nil
}

func failed(f postgres.Failure) breaker.Outcome {
	return breaker.Outcome{Kind: breaker.Failed, Failure: f, OwnLane: f.OfOneTransaction() || f.Class == ClassStaleSpool}
}

// hold reports that the ledger is ahead of all that the spool knows, so that
// the lane's data is kept and not written. Each attempt asks again, since the
// ledger that belongs to the spool may have been brought back.
func (l *lane) hold(renewed bool) outcome {
	o := breaker.Outcome{Kind: breaker.Reached}
	if renewed {
		o = failed(staleSpool())
	}
	return outcome{Outcome: o, astray: true}
}

// confirm tells the buffer that its frozen batches up to the ledger's number are in
// the database. rows are those that are known to have changed, by batch numbers.
func (l *lane) confirm(at place, frozen []progress.Batch, rows map[uint64]int64) ([]appliedBatch, error) {
	if err := l.f.buffer.ConfirmThrough(l.index, at.number); err != nil {
		return nil, fmt.Errorf("confirming the batches of lane %d: %w", l.index, err)
	}
	now := time.Now()
	l.f.ledger.confirmed(l.index, now)
	var saved []appliedBatch
	for _, b := range frozen {
		saved = append(saved, appliedBatch{b, rows[b.Number], now})
		if b.Number == at.number {
			break
		}
	}
	return saved, nil
}

// write sends the round and does with its batches what the answer asks for.
func (l *lane) write(ctx context.Context, o outcome, at place, round []progress.Batch) (outcome, error) {
	ahead := l.rounds.freezeAhead(round)
	l.rounds.doubts.Send(round)
	results, err := l.send(ctx, at, round)
	if disk := <-ahead; disk != nil {
		return o, disk
	}
	saved, disk := l.take(round, results)
	if o.saved = append(o.saved, saved...); disk != nil {
		return o, disk
	}
	if err == nil {
		o.Outcome, o.astray = l.answered(results)
		return o, nil
	}
	f := postgres.Classify(err)
	o.Outcome, o.astray = failed(f), errors.Is(err, postgres.ErrOutcomeUnknown)
	// Otherwise the ledger has to tell first what of the round is in the database.
	known := !o.astray && ctx.Err() == nil
	switch {
	case known && f.MayBeOfTheRecord():
		return l.refused(o, round[len(results)], f)
	case known && f.TookTooLong():
		return o, l.rounds.shrink()
	}
	return o, nil
}

// send sends batches. Without an error there is at least one result.
func (l *lane) send(ctx context.Context, at place, round []progress.Batch) ([]postgres.Result, error) {
	began := time.Now()
	results, err := l.f.db.ApplyRound(ctx, l.f.ledger.writer, l.f.ledger.owner, at.number, round)
	l.attempted(ctx, time.Since(began), err)
	if err != nil {
		return results, fmt.Errorf("writing to the database in lane %d: %w", l.index, err)
	}
	return results, nil
}

// attempted tells of a round trip, but for one that a shutdown cut short.
func (l *lane) attempted(ctx context.Context, took time.Duration, err error) {
	switch {
	case err == nil:
		l.f.observer.Attempted(took, nil)
	case ctx.Err() == nil:
		f := postgres.Classify(err)
		l.f.observer.Attempted(took, &f)
	}
}

// take notes what a round has written and confirms it.
func (l *lane) take(round []progress.Batch, results []postgres.Result) ([]appliedBatch, error) {
	rows := map[uint64]int64{}
	for i, res := range results {
		if res.Outcome == postgres.Applied {
			rows[round[i].Number] = res.Rows
			if res.Rows > 0 {
				l.f.evidence.Wrote()
			}
		}
	}
	number, done := lastDone(results)
	if !done {
		return nil, nil
	}
	// The number decides. One of ours confirms the batches up to it, a later one
	// means a stale spool, which the next turn finds.
	frozen := l.f.buffer.Frozen(l.index)
	at := placeOf(number, frozen)
	l.f.ledger.moved(l.index, at, false)
	if compare(at, l.f.buffer.Applied(l.index), frozen) != stepConfirm {
		return nil, nil
	}
	return l.confirm(at, frozen, rows)
}

// isDone reports whether the batch is in the database.
func isDone(r postgres.Result) bool {
	return r.Outcome == postgres.Applied || r.Outcome == postgres.AlreadyApplied
}

// lastDone is the ledger's number after the last batch that is in the database.
func lastDone(results []postgres.Result) (number uint64, done bool) {
	for _, res := range results {
		if isDone(res) {
			number, done = res.LedgerNumber, true
		}
	}
	return number, done
}

// placeOf is the ledger's place at a number that this process has written: its row is
// ours, so that the batch of that number is.
func placeOf(number uint64, batches []progress.Batch) place {
	for _, b := range batches {
		if b.Number == number {
			return place{number, b.ID}
		}
	}
	return place{number: number}
}

// answered is the outcome of a round that the database has answered. It is
// astray when nothing was written because the lane's row is elsewhere, gone or
// not ours.
func (l *lane) answered(results []postgres.Result) (o breaker.Outcome, astray bool) {
	if isDone(results[len(results)-1]) {
		return breaker.Outcome{Kind: breaker.Wrote}, false
	}
	if l.astray++; l.astray > 1 {
		return failed(unsteadyLedger()), true
	}
	return breaker.Outcome{Kind: breaker.Reached}, true
}

// refused finds the record that the database won't have, by halves.
func (l *lane) refused(o outcome, b progress.Batch, f postgres.Failure) (outcome, error) {
	o.Outcome = breaker.Outcome{Kind: breaker.Refused, Failure: f}
	switch l.rounds.doubts.Judge(b, f, l.f.buffer.Frozen(l.index)) {
	case blame.Split:
		if err := l.f.buffer.Split(b.Lane, b.Number); err != nil {
			return o, fmt.Errorf("splitting batch %d of lane %d: %w", b.Number, b.Lane, err)
		}
		o.refused = &refusedBatch{Batch: b}
	case blame.SetAside:
		reason := buffer.DeadLetterReason{SQLState: f.SQLState, Constraint: f.Constraint}
		if err := l.f.buffer.Quarantine(b.Lane, b.Number, reason); err != nil {
			return o, fmt.Errorf("setting aside batch %d of lane %d: %w", b.Number, b.Lane, err)
		}
		l.f.evidence.SetAside(f)
		o.refused = &refusedBatch{b, true}
	default:
		written := l.f.evidence.Written()
		quiet, err := l.rounds.postpone(b, written)
		if err != nil {
			return o, err
		}
		against := l.rounds.doubts.AgainstTable()
		o.Outcome = breaker.Outcome{
			Kind: breaker.Doubted, Failure: f, Written: written,
			Doubt: breaker.Doubt{AgainstTable: against, Quiet: against || quiet},
		}
	}
	return o, nil
}

// replay is a replay under way: what is left of the confirmed batches that the
// database lacks.
type replay struct {
	left []progress.Batch
	// at is where the ledger stood when the replay began or last got ahead.
	at uint64
	// erased is the ledger's count when left was read.
	erased uint64
}

// replayNext applies again one round of the confirmed batches that a database
// lacks which fell back. Batches that the spool no longer keeps are reported,
// and the ledger's number is moved past them.
func (l *lane) replayNext(ctx context.Context, at place) outcome {
	var o outcome
	applied := l.f.buffer.Applied(l.index)
	if r := l.replay; r == nil || at.number < r.at || r.erased != l.f.ledger.erased {
		batches, complete := l.f.buffer.Replayable(l.index, at.number)
		if r == nil || at.number < r.at {
			o.rewind = &Rewind{Lane: l.index, Applied: applied, Ledger: at.number, Kept: len(batches), Complete: complete}
		}
		l.replay = &replay{left: batches, erased: l.f.ledger.erased}
	}
	l.replay.reached(at.number)
	if len(l.replay.left) == 0 {
		o.Outcome = l.passOver(ctx, applied)
		return o
	}
	round := portion(l.replay.left, l.rounds.pace.of(maxRound))
	results, err := l.send(ctx, at, round)
	for i, res := range results {
		if res.Outcome == postgres.Applied {
			o.replayed = append(o.replayed, appliedBatch{Batch: round[i], rows: res.Rows})
		}
	}
	if number, done := lastDone(results); done {
		l.f.ledger.moved(l.index, placeOf(number, round), len(o.replayed) > 0)
		l.replay.reached(number)
	}
	if err != nil {
		f := postgres.Classify(err)
		unknown := errors.Is(err, postgres.ErrOutcomeUnknown)
		if f.MayBeOfTheRecord() && !unknown {
			f = unreplayable(f)
		}
		o.Outcome, o.astray = failed(f), unknown
		return o
	}
	o.Outcome, o.astray = l.answered(results)
	return o
}

// reached drops what the ledger has got to.
func (r *replay) reached(number uint64) {
	r.at = number
	for len(r.left) > 0 && r.left[0].Number <= number {
		r.left = r.left[1:]
	}
}

// passOver moves the ledger past the batches that are not kept any more.
func (l *lane) passOver(ctx context.Context, to uint64) breaker.Outcome {
	if err := l.f.db.MoveLedger(ctx, l.f.ledger.writer, l.f.ledger.owner, l.index, to); err != nil {
		return failed(postgres.Classify(fmt.Errorf("moving the ledger of lane %d to %d: %w", l.index, to, err)))
	}
	l.f.ledger.moved(l.index, place{number: to}, false)
	return breaker.Outcome{Kind: breaker.Wrote}
}
