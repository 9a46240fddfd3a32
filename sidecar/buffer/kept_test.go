package buffer

import (
	"slices"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// keptOf keeps batches 1, 4 and 5, confirmed at 10, 20 and 30, of two learners.
func keptOf() keptBatches {
	var s keptBatches
	prev := uint64(0)
	for i, number := range []uint64{1, 4, 5} {
		records := []progress.Record{{Key: key(i % 2), SeekEvents: 1}, {Key: key(7), SeekEvents: 2}}
		s.add(keptBatch{number: number, prev: prev, at: progress.Instant(10 * (i + 1)), encoded: spool.EncodeBatch(spool.Batch{Records: records})})
		prev = number
	}
	return s
}

func numbersOfKept(batches []keptBatch) (n []uint64) {
	for _, k := range batches {
		n = append(n, k.number)
	}
	return n
}

func TestWhatADatabaseThatFellBackLacksIsFoundAndGapsAreSeen(t *testing.T) {
	for name, tt := range map[string]struct {
		drop           progress.Instant
		after, applied uint64
		want           []uint64
		complete       bool
	}{
		"everything":                         {0, 0, 5, []uint64{1, 4, 5}, true},
		"behind a number that was never one": {0, 3, 5, []uint64{4, 5}, true},
		"nothing behind the last":            {0, 5, 5, nil, true},
		"with the first dropped":             {10, 0, 5, []uint64{4, 5}, false},
		"with a later one not kept":          {0, 5, 6, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := keptOf()
			s.drop(tt.drop, 1<<30)
			got, complete := s.after(tt.after, tt.applied)
			if !slices.Equal(numbersOfKept(got), tt.want) || complete != tt.complete {
				t.Errorf("got %v, complete %v", numbersOfKept(got), complete)
			}
		})
	}
}

func TestTheOldestKeptBatchesAreDropped(t *testing.T) {
	all := keptOf()
	each := all.size / 3
	for name, tt := range map[string]struct {
		until progress.Instant
		limit int64
		want  []uint64
	}{
		"none":                    {9, all.size, nil},
		"those up to the instant": {20, all.size, []uint64{1, 4}},
		"those beyond the limit":  {0, 2 * each, []uint64{1}},
		"all":                     {0, 0, []uint64{1, 4, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			s := keptOf()
			dropped := s.drop(tt.until, tt.limit)
			if !slices.Equal(numbersOfKept(dropped), tt.want) || s.size != all.size-each*int64(len(dropped)) {
				t.Errorf("dropped %v, %d bytes are left", numbersOfKept(dropped), s.size)
			}
		})
	}
}

func TestAnErasedLearnerLeavesTheKeptBatches(t *testing.T) {
	s := keptOf()
	before := s.size
	changed, gone, err := s.without(key(0).UserID)
	if err != nil || gone != 2 || !slices.Equal(numbersOfKept(changed), []uint64{1, 5}) || s.size != before {
		t.Fatalf("%d records of %v, %v", gone, numbersOfKept(changed), err)
	}
	s.replace(changed)
	size := int64(0)
	for i, k := range s.batches {
		size += int64(len(k.encoded))
		b, err := k.batch(1)
		if err != nil || len(b.Records) != []int{1, 2, 1}[i] || b.Number != k.number || b.Lane != 1 {
			t.Errorf("batch %+v, %v", b, err)
		}
	}
	if s.size != size || size >= before {
		t.Errorf("%d bytes are counted, %d kept, %d before", s.size, size, before)
	}
}

func TestASpoiledKeptBatchKeepsAnErasureFromBeingTakenForDone(t *testing.T) {
	s := keptOf()
	s.batches[0].encoded = s.batches[0].encoded[:len(s.batches[0].encoded)-1]
	if _, _, err := s.without(key(0).UserID); err == nil {
		t.Error("no error")
	}
}
