package buffer

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// frozenBatches are the batches of a lane that are neither confirmed nor
// quarantined, in the order in which they are to be applied, and their numbers.
type frozenBatches struct {
	next    uint64 // the number that no batch has had yet
	applied uint64 // the number of the last confirmed batch, 0 for none
	freezes uint64 // how often there was a freeze in this process
	batches []*frozenBatch
	flights map[spool.Key]*flight
}

// flight finds the frozen records of a key; next is an earlier one.
type flight struct {
	batch  *frozenBatch
	record *progress.Record
	next   *flight
}

func newFrozenBatches() frozenBatches {
	return frozenBatches{next: 1, flights: map[spool.Key]*flight{}}
}

// freeze adds a batch of entries that are not pending any more.
func (f *frozenBatches) freeze(entries []*entry, now reading) *frozenBatch {
	fb := newFrozenBatch(entries, now)
	f.freezes++
	fb.freeze = f.freezes
	f.add(fb)
	return fb
}

// add gives fb the next number and an id, and puts it behind all others.
func (f *frozenBatches) add(fb *frozenBatch) {
	fb.number, fb.id = f.next, newBatchID()
	f.next++
	f.append(fb)
}

// load adds a batch that the disk has, which keeps its number and id.
func (f *frozenBatches) load(fb *frozenBatch) {
	f.freezes++
	fb.freeze, fb.synced = f.freezes, true
	f.append(fb)
}

func (f *frozenBatches) append(fb *frozenBatch) {
	f.batches = append(f.batches, fb)
	f.index(fb)
}

// newBatchID is a random number other than 0.
func newBatchID() uint64 {
	return rand.Uint64N(math.MaxInt64) + 1 //nolint:gosec // it tells copies apart and is no secret
}

// find returns the place of a batch.
func (f *frozenBatches) find(number uint64) (int, error) {
	i := slices.IndexFunc(f.batches, func(fb *frozenBatch) bool { return fb.number == number })
	if i < 0 {
		return 0, errors.New("no such batch is frozen")
	}
	return i, nil
}

// remove drops the i-th batch.
func (f *frozenBatches) remove(i int) {
	f.unindex(f.batches[i])
	f.batches = slices.Delete(f.batches, i, i+1)
}

// confirm removes the first batch as applied. It returns the batch and the number
// that was applied before it.
func (f *frozenBatches) confirm() (fb *frozenBatch, before uint64) {
	fb, before = f.batches[0], f.applied
	f.remove(0)
	f.applied = fb.number
	return fb, before
}

// split replaces the i-th batch by its halves at the end.
func (f *frozenBatches) split(i int) ([]*frozenBatch, error) {
	halves, err := f.batches[i].halves()
	if err != nil {
		return nil, err
	}
	f.remove(i)
	for _, half := range halves {
		f.add(half)
	}
	return halves, nil
}

// postpone replaces the i-th batch by one of the same records at the end.
func (f *frozenBatches) postpone(i int) *frozenBatch {
	old := f.batches[i]
	f.remove(i)
	fb := old.part(0, len(old.records))
	f.add(fb)
	return fb
}

// unite replaces two batches of one record each, of the same key, by one at the
// end. Errors are ErrRange, and what is wrong with the batches.
func (f *frozenBatches) unite(older, newer int) (*frozenBatch, error) {
	united, err := unite(f.batches[older], f.batches[newer])
	if err != nil {
		return nil, err
	}
	f.remove(max(older, newer))
	f.remove(min(older, newer))
	f.add(united)
	return united, nil
}

// erase drops the learner's records. Their batches stay, though nothing be left
// in them. It returns these batches and the keys of the records.
func (f *frozenBatches) erase(userID string) (changed []*frozenBatch, gone []spool.Key) {
	for _, fb := range f.batches {
		if !fb.matches(Filter{UserID: userID}) {
			continue
		}
		f.unindex(fb)
		gone = append(gone, fb.erase(userID)...)
		f.index(fb)
		changed = append(changed, fb)
	}
	return changed, gone
}

// of finds what is frozen of a key, the latest first, nil for nothing.
func (f *frozenBatches) of(key []byte) *flight { return f.flights[spool.Key(key)] }

// joined is the flights' records as one, and the updates that they stand for.
func (fl *flight) joined() (r progress.Record, updates int64) {
	if fl == nil {
		return r, 0
	}
	r, updates = *fl.record, fl.record.Accepted()
	for fl = fl.next; fl != nil; fl = fl.next {
		r = progress.MergeForReader(r, *fl.record)
		updates += fl.record.Accepted()
	}
	return r, updates
}

func (f *frozenBatches) index(fb *frozenBatch) {
	for i, key := range fb.keys {
		f.flights[key] = &flight{batch: fb, record: &fb.records[i], next: f.flights[key]}
	}
}

func (f *frozenBatches) unindex(fb *frozenBatch) {
	for _, key := range fb.keys {
		var later *flight
		fl := f.flights[key]
		for ; fl.batch != fb; fl = fl.next {
			later = fl
		}
		switch {
		case later != nil:
			later.next = fl.next
		case fl.next != nil:
			f.flights[key] = fl.next
		default:
			delete(f.flights, key)
		}
	}
}

// late is when the first of what is frozen was due at the latest, 0 for nothing.
func (f *frozenBatches) late() progress.Instant {
	return f.first(func(fb *frozenBatch) progress.Instant { return fb.late })
}

// oldest is the opening of the oldest window of what is frozen, 0 for none.
func (f *frozenBatches) oldest() progress.Instant {
	return f.first(func(fb *frozenBatch) progress.Instant { return fb.oldest })
}

// first is the first of the batches' moments, 0 without a batch.
func (f *frozenBatches) first(of func(*frozenBatch) progress.Instant) progress.Instant {
	var first progress.Instant
	for _, fb := range f.batches {
		if at := of(fb); first == 0 || at < first {
			first = at
		}
	}
	return first
}
