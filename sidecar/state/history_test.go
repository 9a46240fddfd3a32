package state

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// savedAfter notes a batch of so many records whose oldest update waited for lag.
func savedAfter(s *State, records int, lag time.Duration) {
	s.BatchSaved(progress.Batch{Oldest: progress.InstantOf(start), Records: make([]progress.Record, records)}, int64(records), start.Add(lag))
}

func TestTheHistoryTellsWhatHappenedBeforeAnybodyLooked(t *testing.T) {
	now := start
	s := New(Options{Now: func() time.Time { return now }})
	next := func() {
		now = now.Add(10 * time.Second)
		s.sample()
	}
	s.Accepted(36, 35)
	next()
	savedAfter(s, 1, 3*time.Second)
	savedAfter(s, 2, 2*time.Second)
	next()
	s.BatchReplayed(someBatch(), 2)
	next()
	savedAfter(s, 1, 0)
	s.Accepted(1, 0) // after the last sample

	three, at := 3.0, func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	want := []Sample{
		{At: at(0)},
		{At: at(10), UpdatesAccepted: 36},
		{At: at(20), UpdatesAccepted: 36, RowsWritten: 3, SaveLagSeconds: &three},
		{At: at(30), UpdatesAccepted: 36, RowsWritten: 5},
	}
	if diff := cmp.Diff(want, s.History()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheHistoryIsOfHalfAnHourAndNoMore(t *testing.T) {
	now := start
	s := New(Options{Now: func() time.Time { return now }})
	for i := range 1000 {
		s.Accepted(1, 0)
		if now = now.Add(10 * time.Second); i == 998 {
			savedAfter(s, 1, time.Second)
		}
		s.sample()
	}
	list := s.History()
	first, last := list[0], list[len(list)-1]
	if len(list) != 181 || last.At != now || last.UpdatesAccepted != 1000 || now.Sub(first.At) != 30*time.Minute || first.UpdatesAccepted != 820 {
		t.Errorf("%d samples from %+v to %+v", len(list), first, last)
	}
	if !slices.IsSortedFunc(list, func(a, b Sample) int { return a.At.Compare(b.At) }) {
		t.Error("the samples are out of order")
	}
	if list[len(list)-2].SaveLagSeconds == nil || last.SaveLagSeconds != nil {
		t.Error("the lag is not that of its ten seconds")
	}
}

func TestKeepHistoryTakesASampleEveryTenSecondsUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		ctx, end := context.WithCancel(t.Context())
		go s.KeepHistory(ctx)
		<-time.After(time.Minute + time.Second)
		end()
		synctest.Wait()
		<-time.After(time.Hour)
		list := s.History()
		if len(list) != 7 {
			t.Fatalf("%d samples", len(list))
		}
		for i, sample := range list {
			if got := sample.At.Sub(list[0].At); got != time.Duration(i)*10*time.Second {
				t.Errorf("sample %d is %s after the first", i, got)
			}
		}
	})
}

func TestSaveLag(t *testing.T) {
	for name, c := range map[string]struct {
		batches []batchLag
		want    SaveLag
	}{
		"nothing was saved":               {nil, SaveLag{}},
		"one record":                      {[]batchLag{{2, 1}}, SaveLag{1, 2, 2}},
		"the slower half is not half":     {[]batchLag{{9, 1}, {1, 1}}, SaveLag{2, 1, 9}},
		"a record counts, not a batch":    {[]batchLag{{9, 1}, {1, 10}, {2, 89}}, SaveLag{100, 2, 2}},
		"one of twenty is not the 95th":   {[]batchLag{{60, 1}, {3, 19}}, SaveLag{20, 3, 3}},
		"two of twenty are beyond the 95": {[]batchLag{{60, 2}, {3, 18}}, SaveLag{20, 3, 60}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, saveLagOf(c.batches)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSaveLagIsOfTheLastBatches(t *testing.T) {
	s := New(Options{Now: func() time.Time { return start }})
	savedAfter(s, 1000, time.Hour)
	for range lagBatches - 1 {
		savedAfter(s, 1, time.Second)
	}
	if got := s.SaveLag(); got.Records != 1000+lagBatches-1 || got.P95Seconds != 3600 {
		t.Errorf("with the slow batch: %+v", got)
	}
	savedAfter(s, 1, time.Second)
	if got := s.SaveLag(); got != (SaveLag{lagBatches, 1, 1}) {
		t.Errorf("after it: %+v", got)
	}
	savedAfter(s, 0, time.Hour) // an erasure emptied it
	s.BatchReplayed(someBatch(), 2)
	if got := s.SaveLag(); got.Records != lagBatches {
		t.Errorf("a replay counts: %+v", got)
	}
}
