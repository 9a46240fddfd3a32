package sidecarstatus

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// lag of so many records that took so many seconds each.
func lag(seconds float64, records int64) (l status.Lag) {
	l.Add(seconds, records)
	return l
}

func TestClassesArmsAndAttemptsAddUp(t *testing.T) {
	got := Summarize([]Answer{
		answered(func(d *status.Document) {
			d.StartedAt = noon.Add(-11 * time.Minute)
			d.Sync = status.Sync{PendingRecords: 3, OldestPendingSeconds: 400, OverdueSeconds: 100, LastSyncedAt: ptr.To(noon.Add(-time.Minute))}
			d.Counters = status.Counters{Attempts: 25, FailedAttempts: 5, RecordsSaved: 400, BatchesApplied: 20}
			d.Classes = []status.Class{
				{Name: "short", IntervalSeconds: 60, PendingRecords: 2, OldestPendingSeconds: 30, RecordsSaved: 100, SaveLag: lag(50, 100)},
				{Name: "default", IntervalSeconds: 180, PendingRecords: 1, OldestPendingSeconds: 400, RecordsSaved: 300, SaveLag: lag(170, 300)},
			}
			d.Variants = []status.Variant{
				{Name: "a", Learners: 10, UpdatesAccepted: 100, UpdatesSaved: 80, RowsWritten: 8, SaveLag: lag(50, 8), FinalLag: lag(4, 3)},
				{Name: "b", Learners: 12, UpdatesAccepted: 50, UpdatesSaved: 50, RowsWritten: 50},
			}
			d.Adaptive = &status.Adaptive{Mode: "On", Factor: 0.5}
		}),
		answered(func(d *status.Document) {
			d.StartedAt = noon.Add(-3 * time.Minute)
			d.Sync = status.Sync{PendingRecords: 4, OldestPendingSeconds: 20, LastSyncedAt: ptr.To(noon.Add(-time.Minute))}
			d.Counters = status.Counters{Attempts: 6, RecordsSaved: 60, BatchesApplied: 6}
			d.Classes = []status.Class{{Name: "short", IntervalSeconds: 90, PendingRecords: 4, OldestPendingSeconds: 20, RecordsSaved: 60, SaveLag: lag(10, 60)}}
			d.Variants = []status.Variant{{Name: "a", Learners: 1, SaveLag: lag(10, 2)}, {Name: "b", Learners: 2}}
			d.Adaptive = &status.Adaptive{Mode: "On", Factor: 2}
		}),
		{Misses: missesAllowed + 1, Document: &status.Document{Counters: status.Counters{Attempts: 1e6}, Classes: []status.Class{{Name: "short", PendingRecords: 1e6}}}},
	}, lms)
	wantRecords := Records{Pending: 7, Oldest: noon.Add(-400 * time.Second), Overdue: 100 * time.Second}
	if diff := cmp.Diff(wantRecords, got.Records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	wantAttempts := Attempts{All: 31, Failed: 5, RecordsSaved: 460, PerMinute: 20./10 + 6./2}
	if diff := cmp.Diff(wantAttempts, got.Attempts, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	wantClasses := map[string]Class{
		"short":   {Interval: 90 * time.Second, Pending: 6, Saved: 160, Oldest: noon.Add(-30 * time.Second), SaveLag: lag(50, 100).Plus(lag(10, 60))},
		"default": {Interval: 3 * time.Minute, Pending: 1, Saved: 300, Oldest: noon.Add(-400 * time.Second), SaveLag: lag(170, 300)},
	}
	if diff := cmp.Diff(wantClasses, got.Classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	wantVariants := map[string]Variant{
		"a": {Learners: 11, MostLearners: 10, Updates: 100, UpdatesSaved: 80, RowsWritten: 8, SaveLag: lag(50, 8).Plus(lag(10, 2)), FinalLag: lag(4, 3)},
		"b": {Learners: 14, MostLearners: 12, Updates: 50, UpdatesSaved: 50, RowsWritten: 50},
	}
	if diff := cmp.Diff(wantVariants, got.Variants, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	if want := (Adaptive{Sidecars: 2, MinFactor: .5, MaxFactor: 2}); got.Adaptive != want {
		t.Errorf("adaptive is %+v, want %+v", got.Adaptive, want)
	}
}

// Who compares arms must find all that the policy did in one of them.
func TestArmsAddUpToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var answers []Answer
		for range rapid.IntRange(1, 5).Draw(t, "sidecars") {
			answers = append(answers, answered(func(d *status.Document) {
				for i := range rapid.IntRange(2, 4).Draw(t, "arms") {
					v := status.Variant{Name: fmt.Sprint("arm-", i), UpdatesAccepted: rapid.Int64Range(0, 1e6).Draw(t, "updates"), RowsWritten: rapid.Int64Range(0, 1e6).Draw(t, "rows")}
					v.UpdatesSaved = rapid.Int64Range(0, v.UpdatesAccepted).Draw(t, "saved")
					d.Variants = append(d.Variants, v)
					d.Counters.UpdatesAccepted += v.UpdatesAccepted
					d.Counters.RowsWritten += v.RowsWritten
					d.Sync.PendingUpdates += v.UpdatesAccepted - v.UpdatesSaved
				}
			}))
		}
		got := Summarize(answers, lms)
		var sum Updates
		for _, v := range got.Variants {
			sum.Received, sum.Pending, sum.RowsWritten = sum.Received+v.Updates, sum.Pending+v.Updates-v.UpdatesSaved, sum.RowsWritten+v.RowsWritten
		}
		if whole := got.Updates; sum.Received != whole.Received || sum.Pending != whole.Pending || sum.RowsWritten != whole.RowsWritten {
			t.Fatalf("arms have %+v, the whole %+v", sum, whole)
		}
	})
}

// A pod's own process can say anything on its port.
func TestWhatASidecarSaysOfTimingIsBounded(t *testing.T) {
	got := Summarize([]Answer{answered(func(d *status.Document) {
		d.StartedAt = noon
		d.Sync = status.Sync{PendingRecords: 1, OldestPendingSeconds: 1, OverdueSeconds: math.Inf(1), LastSyncedAt: ptr.To(noon.Add(-time.Hour))}
		d.Counters = status.Counters{Attempts: -1, FailedAttempts: 5, BatchesApplied: 1}
		d.Adaptive = &status.Adaptive{Factor: math.NaN()}
		for i := range 1000 {
			d.Classes = append(d.Classes, status.Class{Name: fmt.Sprint(i), PendingRecords: -1, IntervalSeconds: 1e300, SaveLag: status.Lag{Counts: []int64{1}}})
			d.Variants = append(d.Variants, status.Variant{Name: fmt.Sprint(i), Learners: math.MaxInt64})
		}
	})}, lms)
	if len(got.Classes) > maxNamed || len(got.Variants) > maxNamed {
		t.Errorf("%d classes and %d arms are kept", len(got.Classes), len(got.Variants))
	}
	if c := got.Classes["0"]; c.Pending != 0 || c.Interval != 0 || c.SaveLag.Records() != 0 {
		t.Errorf("a class of %+v", c)
	}
	if got.Attempts != (Attempts{}) || got.Adaptive != (Adaptive{}) || got.Records.Overdue != 0 {
		t.Errorf("%+v, %+v, %+v", got.Attempts, got.Adaptive, got.Records)
	}
}

// Whoever compares arms whose draw is wrong takes the error for an effect.
func TestTheSampleRatio(t *testing.T) {
	for name, c := range map[string]struct {
		learners, weights []int64
		told, mismatch    bool
		p                 float64 // tables have 0.001 at 10.828, 13.816 and 16.266 for 1 to 3 degrees of freedom
	}{
		"as the weights say":              {[]int64{500, 500}, []int64{1, 1}, true, false, 1},
		"a little off":                    {[]int64{520, 480}, []int64{1, 1}, true, false, .206},
		"far off":                         {[]int64{600, 400}, []int64{50, 50}, true, true, 2.54e-10},
		"three as they should be":         {[]int64{1010, 990, 2000}, []int64{25, 25, 50}, true, false, .905},
		"three, one of them never drawn":  {[]int64{500, 500, 0}, []int64{45, 45, 10}, true, true, 7.46e-25},
		"four, at the edge of the table":  {[]int64{1000, 1000, 1000, 1150}, []int64{1, 1, 1, 1}, true, false, .001},
		"too few to tell, however uneven": {[]int64{200, 50}, []int64{1, 1}, false, false, 0},
		"nobody":                          {[]int64{0, 0}, []int64{1, 1}, false, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, told := SampleRatioOf(c.learners, c.weights)
			if told != c.told || got.Mismatch != c.mismatch {
				t.Fatalf("%+v, %v", got, told)
			}
			if math.Abs(got.PValue-c.p) > .005*c.p {
				t.Errorf("p is %.4g, want %.4g", got.PValue, c.p)
			}
		})
	}
}
