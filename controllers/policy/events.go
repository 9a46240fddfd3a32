package policy

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// event worth a person's attention.
type event struct {
	kind, reason, action, note string
}

// transitions are the events of a change from one set of conditions to another.
// They come from what turned, never from a number that moved.
func transitions(before, after []metav1.Condition) []event {
	var out []event
	if c := turned(before, after, v1alpha1.ConditionInjected); c != nil && c.Status == metav1.ConditionFalse {
		out = append(out, warning(c, "Inject"))
	}
	if c := turned(before, after, v1alpha1.ConditionDatabaseReachable); c != nil {
		switch {
		case c.Status == metav1.ConditionFalse:
			out = append(out, warning(c, "Write"))
		case c.Status == metav1.ConditionTrue && meta.IsStatusConditionFalse(before, c.Type):
			out = append(out, databaseRecovered(c))
		}
	}
	if c := turned(before, after, v1alpha1.ConditionSynced); c != nil && c.Status == metav1.ConditionFalse && c.Reason != v1alpha1.ReasonParked {
		// Parked records are told of by DatabaseReachable.
		out = append(out, warning(c, "Write"))
	}
	if c := turned(before, after, v1alpha1.ConditionReady); c != nil && refusedAsAWhole(c.Reason) {
		out = append(out, warning(c, "Reconcile"))
	}
	return out
}

func refusedAsAWhole(reason string) bool {
	return reason == v1alpha1.ReasonNamespaceRefused || reason == v1alpha1.ReasonInvalidSelector || reason == v1alpha1.ReasonTooManyPolicies
}

// turned is the condition if its status or its reason is another than before.
func turned(before, after []metav1.Condition, kind string) *metav1.Condition {
	now := meta.FindStatusCondition(after, kind)
	was := meta.FindStatusCondition(before, kind)
	if now == nil || (was != nil && was.Status == now.Status && was.Reason == now.Reason) {
		return nil
	}
	return now
}

func warning(c *metav1.Condition, action string) event {
	return event{corev1.EventTypeWarning, c.Reason, action, c.Message}
}

func databaseRecovered(c *metav1.Condition) event {
	return event{corev1.EventTypeNormal, "DatabaseRecovered", "Write", c.Message}
}
