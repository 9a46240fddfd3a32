package buffer

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// frozenOf has one batch for each list of keys, each record with one seek.
func frozenOf(batches ...[]int) frozenBatches {
	f := newFrozenBatches()
	for _, keys := range batches {
		var entries []*entry
		for _, n := range keys {
			e := pendingEntry(n, 0, 0, inMinutes(3))
			e.record.SeekEvents, e.record.UpdateCount = 1, 1
			entries = append(entries, e)
		}
		f.freeze(entries, reading{wall: progress.Instant(100 - len(f.batches))})
	}
	return f
}

func (f *frozenBatches) content() (all [][]progress.Key) {
	for _, fb := range f.batches {
		var keys []progress.Key
		for _, r := range fb.records {
			keys = append(keys, r.Key)
		}
		all = append(all, keys)
	}
	return all
}

func (f *frozenBatches) numbers() (n []uint64) {
	for _, fb := range f.batches {
		n = append(n, fb.number)
	}
	return n
}

// seeksOf is the sum of what the index finds of a key.
func (f *frozenBatches) seeksOf(n int) int64 {
	r, _ := f.of([]byte(spool.KeyOf(key(n)))).joined()
	return r.SeekEvents
}

func TestABatchIsSortedAndNumberedOnce(t *testing.T) {
	f := frozenOf([]int{3, 1, 2}, []int{1})
	if got := f.content()[0]; !slices.Equal(got, []progress.Key{key(1), key(2), key(3)}) {
		t.Errorf("the first holds %v", got)
	}
	fb, before := f.confirm()
	if fb.number != 1 || before != 0 || f.applied != 1 || f.seeksOf(1) != 1 || f.seeksOf(2) != 0 {
		t.Errorf("confirmed %d after %d, %d and %d seeks are left", fb.number, before, f.seeksOf(1), f.seeksOf(2))
	}
	f.remove(0)
	if f.add(&frozenBatch{}); f.batches[0].number != 3 || f.batches[0].id == 0 {
		t.Errorf("the next is %d", f.batches[0].number)
	}
	if f.oldest() != 0 {
		t.Error("the oldest of no windows is not 0")
	}
}

func TestWhatARefusedBatchBecomesHoldsTheSameRecordsUnderANewNumber(t *testing.T) {
	for name, tt := range map[string]struct {
		do      func(*frozenBatches) error
		numbers []uint64
		records []int // of each batch
		wrong   string
	}{
		"its halves, the greater first": {
			func(f *frozenBatches) error { _, err := f.split(0); return err },
			[]uint64{2, 3, 4, 5}, []int{1, 1, 2, 1}, ""},
		"no halves of one record": {
			func(f *frozenBatches) error { _, err := f.split(1); return err },
			[]uint64{1, 2, 3}, []int{3, 1, 1}, "it has only 1 record"},
		"itself at the end": {
			func(f *frozenBatches) error { f.postpone(0); return nil },
			[]uint64{2, 3, 4}, []int{1, 1, 3}, ""},
		"one with another of the same key": {
			func(f *frozenBatches) error { _, err := f.unite(1, 2); return err },
			[]uint64{1, 4}, []int{3, 1}, ""},
		"nothing with one of several records": {
			func(f *frozenBatches) error { _, err := f.unite(0, 1); return err },
			[]uint64{1, 2, 3}, []int{3, 1, 1}, "not of one record"},
	} {
		t.Run(name, func(t *testing.T) {
			f := frozenOf([]int{1, 2, 3}, []int{1}, []int{1})
			err := tt.do(&f)
			if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("error %v", err)
			}
			var records []int
			for _, keys := range f.content() {
				records = append(records, len(keys))
			}
			if !slices.Equal(f.numbers(), tt.numbers) || !slices.Equal(records, tt.records) {
				t.Errorf("batches %v of %v records, want %v of %v", f.numbers(), records, tt.numbers, tt.records)
			}
			if f.seeksOf(1) != 3 || f.seeksOf(2) != 1 || f.seeksOf(3) != 1 {
				t.Errorf("%d, %d and %d seeks are found", f.seeksOf(1), f.seeksOf(2), f.seeksOf(3))
			}
		})
	}
}

func TestWhoWaitsForABatchWaitsForWhatItBecomes(t *testing.T) {
	f := frozenOf([]int{1, 2}, []int{1}, []int{1})
	f.batches[1].turn, f.batches[2].turn = 7, 5
	halves, err := f.split(0)
	if err != nil || halves[0].freeze != 1 || halves[1].freeze != 1 {
		t.Errorf("halves %+v, %v", halves, err)
	}
	united, err := f.unite(0, 1)
	if err != nil || united.freeze != 2 || united.turn != 5 || united.oldest != 98 {
		t.Errorf("united %+v, %v", united, err)
	}
}

func TestRecordsWhoseSumsDontFitStayApart(t *testing.T) {
	f := frozenOf([]int{1}, []int{1})
	f.batches[0].records[0].SeekEvents = math.MaxInt64
	if _, err := f.unite(0, 1); !errors.Is(err, ErrRange) || len(f.batches) != 2 {
		t.Errorf("%v, %d batches", err, len(f.batches))
	}
}

func TestAnErasedLearnerLeavesTheBatchesAndTheyStay(t *testing.T) {
	f := frozenOf([]int{1, 2}, []int{2}, []int{1})
	changed, gone := f.erase(key(1).UserID)
	if len(changed) != 2 || len(gone) != 2 || len(f.batches) != 3 || len(f.batches[2].records) != 0 {
		t.Errorf("%d batches changed, %d records gone, %v left", len(changed), len(gone), f.content())
	}
	if f.seeksOf(1) != 0 || f.seeksOf(2) != 2 || f.batches[0].updates() != 1 {
		t.Errorf("%d and %d seeks are found", f.seeksOf(1), f.seeksOf(2))
	}
}
