package state

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// slowDatabase answers as it is told, after a time that passes on the clock.
type slowDatabase struct {
	flush.Database
	answer func() ([]postgres.Result, error)
}

func (d *slowDatabase) ApplyRound(context.Context, string, string, uint64, []progress.Batch) ([]postgres.Result, error) {
	return d.answer()
}

func TestTheLastBatchesAreKept(t *testing.T) {
	now := start
	s := New(Options{Now: func() time.Time { return now }})
	refusal := errors.New("no")
	db := s.Timed(&slowDatabase{answer: func() ([]postgres.Result, error) {
		now = now.Add(40 * time.Millisecond)
		return []postgres.Result{{}}, refusal
	}})
	saved := progress.Batch{Lane: 1, Number: 7, ID: 70, Records: []progress.Record{{UpdateCount: 35}, {}}}
	refused := progress.Batch{Lane: 1, Number: 8, ID: 80, Records: []progress.Record{{UpdateCount: 1}}}
	unsent := progress.Batch{Lane: 1, Number: 9, ID: 90}
	results, err := db.ApplyRound(t.Context(), "", "", 6, []progress.Batch{saved, refused, unsent})
	if len(results) != 1 || !errors.Is(err, refusal) {
		t.Errorf("the round trip's answer became %v, %v", results, err)
	}

	s.BatchSaved(saved, 2, start.Add(time.Second))
	s.BatchQuarantined(refused, postgres.Failure{SQLState: "23514"})
	s.BatchSplit(unsent, postgres.Failure{SQLState: "22003"})
	s.BatchReplayed(saved, 1)
	want := []BatchReport{
		{Lane: 1, Number: 7, Records: 2, Updates: 36, Rows: 1, Outcome: "replayed", FinishedAt: now},
		{Lane: 1, Number: 9, Outcome: "split", SQLState: "22003", FinishedAt: now},
		{
			Lane: 1, Number: 8, Records: 1, Updates: 1, Outcome: "quarantined", SQLState: "23514",
			RoundTripSeconds: .04, FinishedAt: now,
		},
		{Lane: 1, Number: 7, Records: 2, Updates: 36, Rows: 2, Outcome: "saved", RoundTripSeconds: .04, FinishedAt: start.Add(time.Second)},
	}
	if diff := cmp.Diff(want, s.RecentBatches()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	for n := range uint64(100) {
		s.BatchSaved(progress.Batch{Number: n}, 1, start)
	}
	list := s.RecentBatches()
	if len(list) != recentBatches || list[0].Number != 99 || list[recentBatches-1].Number != 80 {
		t.Errorf("%d batches from %d to %d are left", len(list), list[0].Number, list[len(list)-1].Number)
	}
}

func TestRoundTripsOfBatchesThatNeverFinishAreForgotten(t *testing.T) {
	s := New(Options{})
	db := s.Timed(&slowDatabase{answer: func() ([]postgres.Result, error) { return []postgres.Result{{}}, nil }})
	for n := range uint64(10 * maxTimedBatches) {
		if _, err := db.ApplyRound(t.Context(), "", "", n, []progress.Batch{{Number: n + 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.recent.trips); n > maxTimedBatches+1 {
		t.Errorf("%d round trips are remembered", n)
	}
}
