package flush

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush/blame"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// maxRound is the number of batches that go in one round trip. Each is a
	// transaction of its own, but all of a round are frozen in one write to the
	// disk and wait together for the database's.
	maxRound = 32
	// maxRoundRecords bounds what one round sends, and with it the memory that
	// it takes and the time until its first answer.
	maxRoundRecords = 2000
	// maxPressing bounds a batch of what is due for another reason than time, which
	// may be larger than the configured size.
	maxPressing = 500
)

// roundOf is how many batches of the given size make a round.
func roundOf(batchSize int) int {
	return max(1, min(maxRound, maxRoundRecords/batchSize))
}

// portion is the first of the batches, as many as may go in one round of at
// most limit batches. There is one in any case.
func portion(batches []progress.Batch, limit int) []progress.Batch {
	records := 0
	for i, b := range batches {
		records += len(b.Records)
		if i > 0 && (i >= limit || records > maxRoundRecords) {
			return batches[:i]
		}
	}
	return batches
}

// pace is how many batches a lane dares to send at once. After a failure it
// starts again with one, so that a database that is too slow for a whole round
// in the time it is given still gets ahead; each round that is carried out
// doubles it.
type pace struct{ limit int }

func (p *pace) of(round int) int {
	if p.limit == 0 {
		p.limit = maxRound
	}
	return min(p.limit, round)
}

func (p *pace) succeeded() { p.limit = min(2*max(p.limit, 1), maxRound) }

func (p *pace) failed() { p.limit = 1 }

// rounds chooses what a lane sends next. What was refused and is in doubt stays
// frozen, behind all that was not refused yet. It belongs to the lane's goroutine.
type rounds struct {
	buffer   Buffer
	lane     int
	size     func() int // of a batch of what is due by time, in records
	evidence *blame.Evidence
	doubts   *blame.Doubts
	pace     pace
}

// next is the round that is next: of frozen batches, or else of what is due now.
// probe says that what is in doubt may be tried though nothing was written.
func (r *rounds) next(frozen []progress.Batch, probe bool) ([]progress.Batch, error) {
	written := r.evidence.Written()
	if len(r.doubts.Fresh(frozen, written)) < len(frozen) {
		round, err := r.besideDoubts(frozen, written, probe)
		return portion(round, r.pace.of(maxRound)), err
	}
	if len(frozen) > 0 {
		return portion(frozen, r.pace.of(maxRound)), nil
	}
	size := r.batch()
	return r.freeze(size, r.pace.of(roundOf(size)))
}

// batch is the size of the next batch, in records. What is due for another
// reason than time goes in larger batches, as far as the lane's pace allows,
// because transactions cost most then.
func (r *rounds) batch() int {
	size := r.size()
	return max(size, min(r.buffer.Pressing(r.lane), size*r.pace.of(maxRound), maxPressing))
}

// shrink makes batches of the configured size, at most, of all that are frozen.
// None of them may be in the database.
func (r *rounds) shrink() error {
	size := r.size()
	for {
		frozen := r.buffer.Frozen(r.lane)
		i := slices.IndexFunc(frozen, func(b progress.Batch) bool { return len(b.Records) > size })
		if i < 0 {
			return nil
		}
		if err := r.buffer.Split(r.lane, frozen[i].Number); err != nil {
			return fmt.Errorf("splitting what took too long: %w", err)
		}
	}
}

func (r *rounds) freeze(size, most int) ([]progress.Batch, error) {
	round, err := r.buffer.FreezeRound(r.lane, time.Now(), size, most)
	if err != nil {
		return nil, fmt.Errorf("freezing batches of lane %d: %w", r.lane, err)
	}
	return round, nil
}

// besideDoubts is the round while batches are in doubt: frozen ones that are
// not, else records that are due, else, from time to time, one batch in doubt.
// The other batches in doubt go behind their neighbours.
func (r *rounds) besideDoubts(frozen []progress.Batch, written uint64, probe bool) ([]progress.Batch, error) {
	fresh := r.doubts.Fresh(frozen, written)
	if len(fresh) == 0 {
		size := r.batch()
		most := r.pace.of(roundOf(size))
		if r.doubts.AgainstTable() {
			size, most = 1, 1
		}
		var err error
		if fresh, err = r.freeze(size, most); err != nil {
			return nil, err
		}
	}
	if len(fresh) == 0 {
		if !probe {
			return nil, nil
		}
		return frozen[:1], nil
	}
	// The ledger's number goes past all batches before the last that is written.
	last := fresh[len(fresh)-1].Number
	for _, b := range frozen {
		if b.Number > last || !r.doubts.Stands(b, written) {
			continue
		}
		next, err := r.buffer.Postpone(r.lane, b.Number)
		if err != nil {
			return nil, fmt.Errorf("letting others pass what was refused: %w", err)
		}
		r.doubts.Doubt(next, written)
		r.doubts.Forget(b.Number)
	}
	return fresh, nil
}

// freezeAhead freezes the round after this one while the database works on this
// one. It does so where the lane's pace is at its highest, this round is full,
// and nothing is frozen behind it. It sends an error of the disk, or nil, when
// it is done.
func (r *rounds) freezeAhead(round []progress.Batch) <-chan error {
	done := make(chan error, 1)
	size := r.batch()
	most := r.pace.of(roundOf(size))
	last := round[len(round)-1]
	frozen := r.buffer.Frozen(r.lane)
	if r.pace.limit < maxRound || len(round) < most || len(last.Records) < size || frozen[len(frozen)-1].Number > last.Number {
		done <- nil
		return done
	}
	go func() {
		_, err := r.freeze(size, most)
		done <- err
	}()
	return done
}

// postpone puts a batch in doubt behind all other batches of the lane. Of one
// key there is one record in doubt, so that an outage of the table takes no
// more space than one of the database. written is how many batches the database
// had taken when it refused this one. postpone returns whether the lane has
// nothing else that could tell whose fault the refusal is.
func (r *rounds) postpone(b progress.Batch, written uint64) (quiet bool, err error) {
	r.doubts.Forget(b.Number)
	next, err := r.uniteOrPostpone(b)
	if err != nil {
		return false, fmt.Errorf("keeping what was refused: %w", err)
	}
	r.doubts.Doubt(next, written)
	return len(r.doubts.Fresh(r.buffer.Frozen(r.lane), written)) == 0 && !isDue(r.buffer, r.lane), nil
}

func (r *rounds) uniteOrPostpone(b progress.Batch) (uint64, error) {
	older, found := r.doubts.OfSameKey(b, r.buffer.Frozen(r.lane))
	if !found {
		return r.buffer.Postpone(r.lane, b.Number)
	}
	next, err := r.buffer.Unite(r.lane, min(older, b.Number), max(older, b.Number))
	if errors.Is(err, buffer.ErrRange) {
		return r.buffer.Postpone(r.lane, b.Number)
	}
	if err == nil {
		r.doubts.Forget(older)
	}
	return next, err
}

// isDue reports whether a lane could freeze something.
func isDue(b Buffer, lane int) bool {
	due, ok := b.NextDue(lane)
	return ok && time.Until(due) <= 0 // due at once is due as of the call
}
