package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
)

func minutes(n int) *metav1.Duration {
	return &metav1.Duration{Duration: time.Duration(n) * time.Minute}
}

// classed is a healthy policy with classes of 1 and 5 minutes beside the default of 3.
func classed(change func(*facts)) *facts {
	return healthy(func(f *facts) {
		f.policy.Spec.Sync.Classes = []v1alpha1.ClassSpec{{Name: "short", Interval: minutes(1)}, {Name: "long", Interval: minutes(5)}}
		change(f)
	})
}

// A person is called at night for a backlog that is none, or not for one that is.
func TestTheBacklogKnowsTheClasses(t *testing.T) {
	overdue := func(by time.Duration) func(*facts) {
		return func(f *facts) {
			f.sidecars.Records.Oldest, f.sidecars.Records.Overdue = noon.Add(-time.Hour), by
		}
	}
	for name, c := range map[string]struct {
		facts   *facts
		backlog bool
	}{
		"a record of the longest class waits for its interval":            {classed(waiting(5 * time.Minute)), false},
		"a sidecar that tells no class, within the longest and its slack": {classed(waiting(7 * time.Minute)), false},
		"a sidecar that tells no class, beyond":                           {classed(waiting(8 * time.Minute)), true},
		"an arm is longer than all classes": {classed(func(f *facts) {
			f.policy.Spec.Variants = &v1alpha1.VariantsSpec{Arms: []v1alpha1.ArmSpec{{}, {Sync: v1alpha1.ArmSyncSpec{Interval: minutes(20)}}}}
			waiting(8 * time.Minute)(f)
		}), false},
		"an old record that its class explains":                   {classed(overdue(0)), false},
		"a record that is a little late":                          {classed(overdue(30 * time.Second)), false},
		"a record that is later than the shortest class explains": {classed(overdue(31 * time.Second)), true},
		"a late record of a policy without classes":               {healthy(overdue(91 * time.Second)), true},
		"one that is not late yet":                                {healthy(overdue(89 * time.Second)), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := syncedVerdict(c.facts); (got.reason == v1alpha1.ReasonBacklog) != c.backlog {
				t.Errorf("%s: %s", got.reason, got.message)
			}
		})
	}
}

func TestHowTheWritesGo(t *testing.T) {
	for name, c := range map[string]struct {
		attempts sidecarstatus.Attempts
		updates  sidecarstatus.Updates
		want     *v1alpha1.SyncStatus
	}{
		"nothing was attempted": {sidecarstatus.Attempts{}, sidecarstatus.Updates{}, nil},
		"nothing succeeded yet": {sidecarstatus.Attempts{All: 3, Failed: 3}, sidecarstatus.Updates{Retries: 2},
			&v1alpha1.SyncStatus{SyncFrequency: "0.0", SuccessRate: "0.0%", ErrorRate: "100.0%"}},
		"all is well": {sidecarstatus.Attempts{All: 40, RecordsSaved: 500, PerMinute: 12.34}, sidecarstatus.Updates{Transactions: 40},
			&v1alpha1.SyncStatus{SyncFrequency: "12.3", AverageBatchSize: "12.5", SuccessRate: "100.0%", AverageRetries: "0.00", ErrorRate: "0.0%"}},
		"one of very many failed, which is not rounded away": {
			sidecarstatus.Attempts{All: 1e6 + 1, Failed: 1, RecordsSaved: 1e7, PerMinute: 3}, sidecarstatus.Updates{Transactions: 1e6, Retries: 1},
			&v1alpha1.SyncStatus{SyncFrequency: "3.0", AverageBatchSize: "10.0", SuccessRate: "99.9%", AverageRetries: "0.00", ErrorRate: "0.1%"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, syncStatus(sidecarstatus.Summary{Attempts: c.attempts, Updates: c.updates})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestClassesAndArmsAreToldInTheOrderOfThePolicy(t *testing.T) {
	var lag sidecar.Lag
	lag.Add(50, 10)
	f := classed(func(f *facts) {
		f.policy.Spec.Variants = &v1alpha1.VariantsSpec{Arms: []v1alpha1.ArmSpec{{Name: "usual", Weight: 1}, {Name: "slow", Weight: 1}}}
		f.policy.Spec.Sync.Adaptive = &v1alpha1.AdaptiveSpec{Mode: v1alpha1.AdaptiveObserve}
		f.sidecars.Classes = map[string]sidecarstatus.Class{
			"default": {Interval: 3 * time.Minute, Pending: 1, Oldest: noon.Add(-time.Minute)},
			"short":   {Interval: 61300 * time.Millisecond, Saved: 10, SaveLag: lag},
			"made-up": {Pending: 99},
		}
		f.sidecars.Variants = map[string]sidecarstatus.Variant{
			"usual": {Learners: 600, MostLearners: 200, Updates: 1000, UpdatesSaved: 1000, RowsWritten: 100, SaveLag: lag, FinalLag: lag},
			"slow":  {Learners: 400, MostLearners: 180, Updates: 800},
			"old":   {Learners: 7},
		}
		f.sidecars.Adaptive = sidecarstatus.Adaptive{Sidecars: 2, MinFactor: .98, MaxFactor: 1.52}
	})
	got := status(f, v1alpha1.UnsavedStatus{})
	oldest := metav1.NewTime(noon.Add(-time.Minute))
	wantClasses := []v1alpha1.ClassStatus{
		{Name: "short", Interval: "1m0s", Saved: 10, SaveLagP95: "1m0s"}, {Name: "long"},
		{Name: "default", Interval: "3m0s", Pending: 1, OldestPendingTime: &oldest},
	}
	if diff := cmp.Diff(wantClasses, got.Classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	wantVariants := []v1alpha1.VariantStatus{
		{Name: "usual", Weight: 1, Learners: 600, Updates: 1000, RowsWritten: 100, WriteReduction: "90.0%", SaveLagP50: "1m0s", SaveLagP95: "1m0s", FinalLagP50: "1m0s", FinalLagP95: "1m0s"},
		{Name: "slow", Weight: 1, Learners: 400, Updates: 800},
	}
	if diff := cmp.Diff(wantVariants, got.Variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	if got.SampleRatio == nil || !got.SampleRatio.Mismatch || got.SampleRatio.PValue != "2.5e-10" {
		t.Errorf("sample ratio %+v", got.SampleRatio)
	}
	condition := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionHealthy)
	if condition.Status != metav1.ConditionTrue || !strings.Contains(condition.Message, "must not be compared") {
		t.Errorf("Healthy is %+v", condition)
	}
	if want := (&v1alpha1.AdaptiveStatus{Mode: v1alpha1.AdaptiveObserve, MinFactor: "1.0", MaxFactor: "1.5"}); cmp.Diff(want, got.Adaptive) != "" {
		t.Errorf("adaptive %+v", got.Adaptive)
	}

	// Without peers several sidecars count one learner, which is one draw.
	f.policy.Spec.Peers.Mode = v1alpha1.PeersOff
	if ratio := sampleRatio(f); ratio == nil || ratio.Mismatch {
		t.Errorf("sample ratio without peers %+v", ratio)
	}

	// The API server has better to do than to take a status that only time changed.
	f.policy.Spec.Peers.Mode = v1alpha1.PeersAuto
	f.policy.Status = got
	f.now = f.now.Add(10 * time.Second)
	f.sidecars.Classes["default"] = sidecarstatus.Class{Interval: 3*time.Minute + time.Second, Pending: 1, Oldest: noon.Add(-time.Minute + time.Second)}
	f.sidecars.Adaptive.MaxFactor = 1.54
	if diff := cmp.Diff(got, status(f, v1alpha1.UnsavedStatus{})); diff != "" {
		t.Errorf("waiting changed (-before +after):\n%s", diff)
	}
}
