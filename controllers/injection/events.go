package injection

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// injectionRefused tells of a pod that starts without a sidecar. The pod does
// not exist yet, so the event is the policy's and names the pod as related.
// Without that, the recorder would take the events of several pods for one,
// since they differ in their text alone.
func injectionRefused(recorder events.EventRecorder, policy *v1alpha1.ProgressSyncPolicy, pod *corev1.Pod, refusal Refusal) {
	recorder.Eventf(policy, related(pod, policy.Namespace), corev1.EventTypeWarning, "InjectionRefused", "Inject",
		"pod %s gets no sidecar (%s): %s", nameOf(pod), refusal.Reason, refusal.Message)
}

// related is the pod, or its controller where the pod has no name yet. The
// namespace is that of the request: the pod may have none yet either.
func related(pod *corev1.Pod, namespace string) runtime.Object {
	if pod.Name != "" {
		return &corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod.Name, UID: pod.UID}
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		return &corev1.ObjectReference{APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: namespace, Name: owner.Name, UID: owner.UID}
	}
	return nil
}

// nameOf a pod that may have none yet.
func nameOf(pod *corev1.Pod) string {
	if pod.Name != "" {
		return pod.Name
	}
	return pod.GenerateName + "…"
}
