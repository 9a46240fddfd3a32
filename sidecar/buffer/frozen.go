package buffer

import (
	"math"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// frozenBatch is a batch that is not confirmed yet.
type frozenBatch struct {
	number  uint64
	id      uint64 // see progress.Batch
	records []progress.Record
	keys    []string         // of the records, as in lane.pending
	oldest  progress.Instant // opening of the oldest window in it
	bytes   int64            // on disk
	// freeze counts the lane's freezes in this process; the halves of a batch
	// keep its. turn is the first of the urgent entries in it, 0 for none.
	freeze, turn uint64
	// counted is what updates has found, 0 if it has not.
	counted int64
	// synced is set when the disk has it. Before that it must not be applied:
	// a crash could give its number to other records.
	synced bool
}

func (fb *frozenBatch) matches(f Filter) bool {
	for i := range fb.records {
		if f.matches(&fb.records[i].Key) {
			return true
		}
	}
	return false
}

// updates is the number of accepted updates that the batch stands for. The lane
// is locked.
func (fb *frozenBatch) updates() int64 {
	if fb.counted == 0 {
		for i := range fb.records {
			fb.counted += waiting(&fb.records[i])
		}
	}
	return fb.counted
}

// flight finds the frozen records of a key; next is an earlier one.
type flight struct {
	batch  *frozenBatch
	record *progress.Record
	next   *flight
}

func (f *flight) joined() (r progress.Record, updates int64) {
	if f == nil {
		return r, 0
	}
	r, updates = *f.record, waiting(f.record)
	for f = f.next; f != nil; f = f.next {
		r = join(r, *f.record)
		updates += waiting(f.record)
	}
	return r, updates
}

// takeOff enters the records of fb into the index.
func (l *lane) takeOff(fb *frozenBatch) {
	for i, key := range fb.keys {
		l.inFlight[key] = &flight{batch: fb, record: &fb.records[i], next: l.inFlight[key]}
	}
}

// land takes the records of fb out of the index.
func (l *lane) land(fb *frozenBatch) {
	for _, key := range fb.keys {
		var before *flight
		f := l.inFlight[key]
		for ; f.batch != fb; f = f.next {
			before = f
		}
		switch {
		case before != nil:
			before.next = f.next
		case f.next != nil:
			l.inFlight[key] = f.next
		default:
			delete(l.inFlight, key)
		}
	}
}

// fits reports whether the sums of a and b can be added.
func fits(a, b *progress.Record) bool {
	return a.Generation != b.Generation ||
		a.TimeSpent <= math.MaxInt64-b.TimeSpent &&
			a.SeekEvents <= math.MaxInt64-b.SeekEvents &&
			a.PauseEvents <= math.MaxInt64-b.PauseEvents &&
			a.UpdateCount <= math.MaxInt64-b.UpdateCount
}

// join merges for a reader, for whom a sum out of range is the greatest number.
// What is written is never joined like this.
func join(a, b progress.Record) progress.Record {
	if !fits(&a, &b) {
		b.TimeSpent = min(b.TimeSpent, math.MaxInt64-a.TimeSpent)
		b.SeekEvents = min(b.SeekEvents, math.MaxInt64-a.SeekEvents)
		b.PauseEvents = min(b.PauseEvents, math.MaxInt64-a.PauseEvents)
		b.UpdateCount = min(b.UpdateCount, math.MaxInt64-a.UpdateCount)
	}
	return progress.Merge(a, b)
}
