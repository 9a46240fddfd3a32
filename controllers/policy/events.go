package policy

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// event worth a person's attention.
type event struct {
	kind, reason, action, note string
	// about is another object that it is about, nil if there is none.
	about runtime.Object
}

// transitions are the events of a change from one set of conditions to another.
// They come from what turned, never from a number that moved.
func transitions(before, after []metav1.Condition) []event {
	var out []event
	if c := turned(before, after, v1alpha1.ConditionInjected); c != nil && c.Status == metav1.ConditionFalse {
		out = append(out, warning(c, "Inject"))
	}
	if c := turned(before, after, v1alpha1.ConditionSidecarsReady); c != nil && c.Status == metav1.ConditionFalse {
		out = append(out, warning(c, "Start"))
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

// refusedAsAWhole: what no other condition tells of.
func refusedAsAWhole(reason string) bool {
	return slices.Contains([]string{
		v1alpha1.ReasonNamespaceRefused,
		v1alpha1.ReasonInvalidSelector,
		v1alpha1.ReasonTooManyPolicies,
		v1alpha1.ReasonConfigMapConflict,
		v1alpha1.ReasonConfigMapNotWritten,
	}, reason)
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
	return event{kind: corev1.EventTypeWarning, reason: c.Reason, action: action, note: c.Message}
}

func databaseRecovered(c *metav1.Condition) event {
	return event{kind: corev1.EventTypeNormal, reason: "DatabaseRecovered", action: "Write", note: c.Message}
}

// goneAtOnce bounds the events on gone pods of one write.
const goneAtOnce = 10

// departures are the events on pods that left something.
func departures(counted []gone) []event {
	var out []event
	for _, g := range counted[:min(len(counted), goneAtOnce)] {
		out = append(out, event{
			kind: corev1.EventTypeWarning, reason: "UnsavedRecords", action: "Drain", note: g.note(),
			about: &corev1.Pod{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
				ObjectMeta: metav1.ObjectMeta{Namespace: g.Namespace, Name: g.Name, UID: g.UID},
			},
		})
	}
	return out
}

// maxNote of an event, in bytes, which the API server sets (events.k8s.io/v1).
const maxNote = 1024

// cutNote to what an event may have, at a character's end.
func cutNote(note string) string {
	if len(note) <= maxNote {
		return note
	}
	const more = "…"
	return strings.ToValidUTF8(note[:maxNote-len(more)], "") + more
}
