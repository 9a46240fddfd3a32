package policy

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// conditions of a policy, in the order in which they are shown. Reconciling and
// Stalled are among them only while they are True, as kstatus has it.
func conditions(f *facts) []metav1.Condition {
	ready, injected, sidecars := readyVerdict(f), injectedVerdict(f), sidecarsVerdict(f)
	database, synced, peers := databaseVerdict(f), syncedVerdict(f), peersVerdict(f)
	events := eventsVerdict(f)
	all := []named{
		{v1alpha1.ConditionReady, ready},
		{v1alpha1.ConditionHealthy, healthyVerdict(f, ready, database, synced, injected, sidecars, peers, events)},
		{v1alpha1.ConditionInjected, injected},
		{v1alpha1.ConditionSidecarsReady, sidecars},
		{v1alpha1.ConditionDatabaseReachable, database},
		{v1alpha1.ConditionSynced, synced},
		{v1alpha1.ConditionPeered, peers},
		{v1alpha1.ConditionEventsDelivered, events},
	}
	if ready.status != metav1.ConditionTrue {
		kind := v1alpha1.ConditionReconciling
		if stalled(ready.reason) {
			kind = v1alpha1.ConditionStalled
		}
		all = append(all, named{kind, verdict{metav1.ConditionTrue, ready.reason, ready.message}})
	}

	out := make([]metav1.Condition, 0, len(all))
	for _, c := range all {
		out = append(out, metav1.Condition{
			Type: c.kind, Status: c.status, Reason: c.reason, Message: c.message,
			ObservedGeneration: f.policy.Generation,
			LastTransitionTime: metav1.NewTime(f.now.Truncate(time.Second)),
		})
	}
	return out
}

// named verdict: a condition of a kind.
type named struct {
	kind string
	verdict
}

// stalled says whether a policy that is not Ready for the reason will not become
// so before its spec, or somebody else's object, changes.
func stalled(reason string) bool {
	return slices.Contains([]string{
		v1alpha1.ReasonNamespaceRefused,
		v1alpha1.ReasonInvalidSelector,
		v1alpha1.ReasonTooManyPolicies,
		v1alpha1.ReasonConfigMapConflict,
		v1alpha1.ReasonInjectionRefused,
		v1alpha1.ReasonPolicyConflict,
	}, reason)
}
