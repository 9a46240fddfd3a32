package blame

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Doubts are the batches in doubt of a lane: frozen batches that the database
// has refused while nobody knows whose fault that is. A batch stays in doubt
// until another one is written, which shows that the table takes records; then
// it is tried once more. Doubts are not on disk: the next process finds its
// own. They belong to the lane's goroutine.
type Doubts struct {
	evidence *Evidence
	// refused are the batches by their numbers.
	refused map[uint64]doubt
	// open says that a batch was refused since the lane last had nothing
	// frozen, and begun is how many batches all lanes had written at the first
	// such refusal.
	begun uint64
	open  bool
}

// doubt is a batch that was refused.
type doubt struct {
	// written is how many batches all lanes had written when it was refused.
	written uint64
	// sent says that it was sent again since. It may be in the database then,
	// so that it keeps its number.
	sent bool
}

// NewDoubts makes the Doubts of a lane.
func NewDoubts(e *Evidence) *Doubts {
	return &Doubts{evidence: e, refused: map[uint64]doubt{}}
}

// Any reports whether there are doubts.
func (d *Doubts) Any() bool { return len(d.refused) > 0 }

// AgainstTable reports whether so much is in doubt that the table must be at fault.
func (d *Doubts) AgainstTable() bool { return len(d.refused) >= mostDoubts }

// Keep forgets the batches that are not frozen any more.
func (d *Doubts) Keep(frozen []progress.Batch) {
	for number := range d.refused {
		if !slices.ContainsFunc(frozen, func(b progress.Batch) bool { return b.Number == number }) {
			delete(d.refused, number)
		}
	}
	if len(frozen) == 0 {
		d.open = false
	}
}

// Stands reports whether the batch is in doubt and nothing was written since.
// written is Evidence.Written, as for Fresh.
func (d *Doubts) Stands(b progress.Batch, written uint64) bool {
	was, doubted := d.refused[b.Number]
	return doubted && !was.sent && was.written == written
}

// Fresh returns the batches to which no doubt stands.
func (d *Doubts) Fresh(frozen []progress.Batch, written uint64) []progress.Batch {
	if len(d.refused) == 0 {
		return frozen
	}
	return slices.DeleteFunc(slices.Clone(frozen), func(b progress.Batch) bool { return d.Stands(b, written) })
}

// Send notes that batches are sent.
func (d *Doubts) Send(round []progress.Batch) {
	for _, b := range round {
		if was, doubted := d.refused[b.Number]; doubted {
			was.sent = true
			d.refused[b.Number] = was
		}
	}
}

// Judge says what follows the refusal of a batch. frozen is what the lane has
// frozen, the batch included.
func (d *Doubts) Judge(b progress.Batch, f postgres.Failure, frozen []progress.Batch) Verdict {
	written := d.evidence.Written()
	alone := !d.open && len(b.Records) == 1 && len(frozen) == 1
	if !d.open {
		d.open, d.begun = true, written
	}
	was, again := d.refused[b.Number]
	if !again {
		was.written = d.begun
	}
	return judge(refusal{
		records: len(b.Records), certain: f.Retry == postgres.Data,
		written: written > was.written, again: again, alone: alone,
		aside: d.evidence.asideLike(f), doubts: len(d.refused),
	})
}

// Doubt notes that the batch with the given number is in doubt.
func (d *Doubts) Doubt(number, written uint64) { d.refused[number] = doubt{written: written} }

// Forget notes that no batch has the given number any more.
func (d *Doubts) Forget(number uint64) { delete(d.refused, number) }

// OfSameKey finds the batch in doubt that holds the one record of b's key alone.
func (d *Doubts) OfSameKey(b progress.Batch, frozen []progress.Batch) (number uint64, found bool) {
	if len(b.Records) != 1 {
		return 0, false
	}
	for _, other := range frozen {
		was, doubted := d.refused[other.Number]
		if doubted && !was.sent && len(other.Records) == 1 && other.Records[0].Key == b.Records[0].Key {
			return other.Number, true
		}
	}
	return 0, false
}
