package flush

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// doubts are frozen batches of a lane that the database has refused while nobody
// knows whose fault that is; see blame. A doubt stands until something else is
// written, which tells: then the batch is tried once more. Until then it stays
// frozen, behind all that was not refused yet. Doubts are not on disk; the next
// process comes to its own.
type doubts struct {
	// refused are the batches by their numbers.
	refused map[uint64]doubt
	// begun is how much had been written at the first refusal since the lane last
	// had nothing frozen, if there was one since.
	begun uint64
	open  bool
}

// doubt is a batch that was refused.
type doubt struct {
	// written is how much had been written then.
	written uint64
	// sent again, it may be in the database, so that it keeps its number.
	sent bool
}

func newDoubts() doubts { return doubts{refused: map[uint64]doubt{}} }

// keep forgets the batches that are not frozen any more.
func (d *doubts) keep(frozen []progress.Batch) {
	for number := range d.refused {
		if !slices.ContainsFunc(frozen, func(b progress.Batch) bool { return b.Number == number }) {
			delete(d.refused, number)
		}
	}
	if len(frozen) == 0 {
		d.open = false
	}
}

// stands reports whether the batch is in doubt and nothing was written since.
func (d *doubts) stands(b progress.Batch, written uint64) bool {
	was, doubted := d.refused[b.Number]
	return doubted && !was.sent && was.written == written
}

// send notes that batches are sent.
func (d *doubts) send(round []progress.Batch) {
	for _, b := range round {
		if was, doubted := d.refused[b.Number]; doubted {
			was.sent = true
			d.refused[b.Number] = was
		}
	}
}

// fresh are the batches to which no doubt stands.
func (d *doubts) fresh(frozen []progress.Batch, written uint64) []progress.Batch {
	if len(d.refused) == 0 {
		return frozen
	}
	return slices.DeleteFunc(slices.Clone(frozen), func(b progress.Batch) bool { return d.stands(b, written) })
}

// against reports whether so much is in doubt that the table must be at fault.
func (d *doubts) against() bool { return len(d.refused) >= mostDoubts }

// refusal is what is known of a refused batch.
func (l *lane) refusal(b progress.Batch, f postgres.Failure) refusal {
	written := l.f.gate.witness()
	alone := !l.doubts.open && len(b.Records) == 1 && len(l.f.buffer.Frozen(l.index)) == 1
	if !l.doubts.open {
		l.doubts.open, l.doubts.begun = true, written
	}
	was, again := l.doubts.refused[b.Number]
	if !again {
		was.written = l.doubts.begun
	}
	return refusal{
		records: len(b.Records), certain: f.Retry == postgres.Data,
		written: written > was.written, again: again, alone: alone,
		aside: l.f.gate.asideLike(f), doubts: len(l.doubts.refused),
	}
}

// doubt ends an attempt whose batch was refused and nobody knows why. The batch
// goes behind all others; of one key there is one record in doubt, so that an
// outage of the table takes no more space than one of the database.
func (l *lane) doubt(a attempt, b progress.Batch, f postgres.Failure) error {
	written := l.f.gate.witness()
	next, err := l.setBack(b)
	if err != nil {
		return l.giveUp(a, err)
	}
	l.doubts.refused[next] = doubt{written: written}
	against := l.doubts.against()
	quiet := against || len(l.doubts.fresh(l.f.buffer.Frozen(l.index), written)) == 0 && !l.f.due(l.index)
	l.f.gate.doubted(a, f, doubted{against: against, quiet: quiet, final: quiet && !l.othersAtWork()})
	return nil
}

// othersAtWork reports whether another lane is about to tell whether the table
// takes anything.
func (l *lane) othersAtWork() bool {
	for i := range l.f.lanes {
		if i != l.index && (l.f.due(i) || len(l.f.buffer.Frozen(i)) > 0 && !l.f.gate.quiet(i)) {
			return true
		}
	}
	return false
}

// due reports whether a lane could freeze something.
func (f *Flusher) due(lane int) bool {
	due, ok := f.buffer.NextDue(lane)
	return ok && time.Until(due) <= 0 // due at once is due as of the call
}

// setBack postpones a refused batch and returns its new number.
func (l *lane) setBack(b progress.Batch) (uint64, error) {
	delete(l.doubts.refused, b.Number)
	if older, found := l.doubtOf(b); found {
		next, err := l.f.buffer.Unite(l.index, min(older, b.Number), max(older, b.Number))
		if err == nil {
			delete(l.doubts.refused, older)
			return next, nil
		}
		if !errors.Is(err, buffer.ErrRange) {
			return 0, fmt.Errorf("keeping what was refused: %w", err)
		}
	}
	next, err := l.f.buffer.Postpone(l.index, b.Number)
	if err != nil {
		return 0, fmt.Errorf("keeping what was refused: %w", err)
	}
	return next, nil
}

// doubtOf finds the batch in doubt that holds the one record of b's key alone.
func (l *lane) doubtOf(b progress.Batch) (uint64, bool) {
	if len(b.Records) != 1 {
		return 0, false
	}
	for _, other := range l.f.buffer.Frozen(l.index) {
		if was, doubted := l.doubts.refused[other.Number]; doubted && !was.sent && len(other.Records) == 1 && other.Records[0].Key == b.Records[0].Key {
			return other.Number, true
		}
	}
	return 0, false
}

// neighbours are what is tried while doubts stand: what is frozen and free of
// them, else what is due by now, else, from time to time, one of those in doubt.
// The others go behind their neighbours.
func (l *lane) neighbours(frozen []progress.Batch, written uint64) ([]progress.Batch, error) {
	fresh := l.doubts.fresh(frozen, written)
	if len(fresh) == 0 {
		size := l.f.gate.batchSize()
		most := l.pace.of(roundOf(size))
		if l.doubts.against() {
			size, most = 1, 1
		}
		var err error
		if fresh, err = l.f.buffer.FreezeRound(l.index, time.Now(), size, most); err != nil {
			return nil, fmt.Errorf("freezing batches of lane %d: %w", l.index, err)
		}
	}
	if len(fresh) == 0 {
		if l.f.gate.probeWait(l.index, time.Now()) > 0 {
			return nil, nil
		}
		return frozen[:1], nil
	}
	// The ledger's number goes past all batches before the last that is written.
	last := fresh[len(fresh)-1].Number
	for _, b := range frozen {
		if b.Number > last || !l.doubts.stands(b, written) {
			continue
		}
		next, err := l.f.buffer.Postpone(l.index, b.Number)
		if err != nil {
			return nil, fmt.Errorf("letting others pass what was refused: %w", err)
		}
		l.doubts.refused[next] = doubt{written: written}
		delete(l.doubts.refused, b.Number)
	}
	return fresh, nil
}
