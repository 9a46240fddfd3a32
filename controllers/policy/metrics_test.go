package policy

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Alerts rest on these: a count that starts anew with the operator would raise
// one that nothing explains.
func TestMetricsShowTheStatus(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	policy := lms().Build()
	policy.Status = status(healthy(outOfMemory), v1alpha1.UnsavedStatus{Lost: 100, OnClaim: 20, Unknown: 3})
	m := NewStatusMetrics(fake.NewClientBuilder().WithScheme(scheme).WithObjects(policy).Build())
	want := `
		# HELP progress_sync_operator_unsaved_records_total Records that pods of a policy had not saved when they went, by fate: lost, on_claim, unknown.
		# TYPE progress_sync_operator_unsaved_records_total counter
		progress_sync_operator_unsaved_records_total{fate="lost",namespace="campus",policy="lms"} 100
		progress_sync_operator_unsaved_records_total{fate="on_claim",namespace="campus",policy="lms"} 20
		progress_sync_operator_unsaved_records_total{fate="unknown",namespace="campus",policy="lms"} 3
		# HELP progress_sync_operator_policy_condition Condition of a policy: 1 for True, 0 for False, -1 for Unknown.
		# TYPE progress_sync_operator_policy_condition gauge
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="DatabaseReachable"} 1
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="EventsDelivered"} -1
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="Healthy"} 0
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="Injected"} 1
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="Peered"} 1
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="Ready"} 0
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="Reconciling"} 1
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="SidecarsReady"} 0
		progress_sync_operator_policy_condition{namespace="campus",policy="lms",type="Synced"} 1
	`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want),
		"progress_sync_operator_unsaved_records_total", "progress_sync_operator_policy_condition"); err != nil {
		t.Error(err)
	}
}
