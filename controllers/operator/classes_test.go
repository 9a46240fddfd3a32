//go:build envtest

package operator_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// The API server drops from a status what its definition does not know, and refuses
// one that breaks it: then nobody sees how classes and arms fare.
func TestTheStatusOfClassesAndArmsIsKept(t *testing.T) {
	ns := namespace(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms").With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Sync.Classes = []v1alpha1.ClassSpec{{Name: "exam", Match: v1alpha1.ClassMatch{LessonIDs: []v1alpha1.MatchedID{"exam-*"}}}}
		p.Spec.Sync.Adaptive = &v1alpha1.AdaptiveSpec{Mode: v1alpha1.AdaptiveObserve}
		p.Spec.Variants = &v1alpha1.VariantsSpec{Seed: "s", Arms: []v1alpha1.ArmSpec{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}}
	}))
	pod := restricted(ns, "lms-0", "lms").Build()
	create(t, pod)
	document := healthy(policy)
	document.Counters.Attempts, document.Counters.RecordsSaved = 10, 100
	document.Classes = []sidecar.Class{{Name: "exam", IntervalSeconds: 180, PendingRecords: 5, OldestPendingSeconds: 40}, {Name: "default", IntervalSeconds: 180}}
	document.Variants = []sidecar.Variant{{Name: "a", Learners: 200, UpdatesAccepted: 2000, UpdatesSaved: 2000}, {Name: "b", Learners: 190, UpdatesAccepted: 1700, UpdatesSaved: 1700}}
	document.Adaptive = &sidecar.Adaptive{Mode: "Observe", Factor: 1.5}
	sidecars.run(t, pod, document)

	got := waitStatus(t, policy, "the sidecar is in the sums", func(p *v1alpha1.ProgressSyncPolicy) bool { return len(p.Status.Variants) == 2 }).Status
	if len(got.Classes) != 2 || got.Classes[0].Name != "exam" || got.Classes[0].Pending != 5 || got.Classes[0].OldestPendingTime == nil || got.Classes[0].Interval != "3m0s" {
		t.Errorf("classes %+v", got.Classes)
	}
	want := []v1alpha1.VariantStatus{
		{Name: "a", Weight: 1, Learners: 200, Updates: 2000, WriteReduction: "100.0%"},
		{Name: "b", Weight: 1, Learners: 190, Updates: 1700, WriteReduction: "100.0%"},
	}
	if diff := cmp.Diff(want, got.Variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	if got.Sync == nil || got.Sync.AverageBatchSize != "10.0" || got.Sync.SuccessRate != "100.0%" {
		t.Errorf("sync %+v", got.Sync)
	}
	if got.SampleRatio == nil || got.SampleRatio.Mismatch || got.Adaptive == nil || got.Adaptive.MaxFactor != "1.5" {
		t.Errorf("sample ratio %+v, adaptive %+v", got.SampleRatio, got.Adaptive)
	}
	if c := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionSynced); c == nil || c.Status != metav1.ConditionTrue {
		t.Errorf("Synced: %+v", c)
	}
	c, _, err := configFile(t, policy)
	if err != nil || len(c.Sync.Classes) != 1 || len(c.Variants.Arms) != 2 || c.Sync.Adaptive.Mode != "Observe" {
		t.Errorf("configuration %+v, %v", c.Sync, err)
	}
}
