package injection

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// injectionRefused tells of a pod that starts without a sidecar. The pod does
// not exist yet, so the event is the policy's.
func injectionRefused(recorder events.EventRecorder, policy *v1alpha1.ProgressSyncPolicy, pod *corev1.Pod, refusal Refusal) {
	recorder.Eventf(policy, nil, corev1.EventTypeWarning, "InjectionRefused", "Inject",
		"pod %s gets no sidecar (%s): %s", nameOf(pod), refusal.Reason, refusal.Message)
}

// nameOf a pod that may have none yet.
func nameOf(pod *corev1.Pod) string {
	if pod.Name != "" {
		return pod.Name
	}
	return pod.GenerateName + "…"
}
