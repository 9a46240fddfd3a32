package injection

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// orderOf the sidecar in a pod: what the pod's annotation says, else the policy.
// An annotation that says nothing known is told of in a warning.
func orderOf(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) (order v1alpha1.Order, warning string) {
	said := pod.Annotations[AnnotationOrder]
	for _, known := range []v1alpha1.Order{v1alpha1.OrderAuto, v1alpha1.OrderFirst, v1alpha1.OrderLast} {
		if strings.EqualFold(said, string(known)) {
			return known, ""
		}
	}
	if said != "" {
		warning = fmt.Sprintf("progress-sync: the annotation %s is %q and is ignored; it may be Auto, First or Last, in any case", AnnotationOrder, said)
	}
	return policyOrder(policy), warning
}

// policyOrder is Auto where an older API server has not filled it in.
func policyOrder(policy *v1alpha1.ProgressSyncPolicy) v1alpha1.Order {
	if policy.Spec.Injection.Order == "" {
		return v1alpha1.OrderAuto
	}
	return policy.Spec.Injection.Order
}

// place of the sidecar among the other init containers. It is at that index
// already, or comes to 0. Auto moves it only to get behind a native sidecar.
func place(others []corev1.Container, at int, order v1alpha1.Order) int {
	switch order {
	case v1alpha1.OrderFirst:
		return 0
	case v1alpha1.OrderLast:
		return len(others)
	case v1alpha1.OrderAuto:
	}
	for i := len(others) - 1; i >= at; i-- {
		if isNative(&others[i]) {
			return i + 1
		}
	}
	return at
}

// isNative says whether an init container is a native sidecar (KEP-753).
func isNative(container *corev1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// addSidecar to a pod that has none.
func addSidecar(pod *corev1.Pod, container corev1.Container, order v1alpha1.Order) {
	pod.Spec.InitContainers = slices.Insert(pod.Spec.InitContainers, place(pod.Spec.InitContainers, 0, order), container)
}

// moveSidecar of a pod to where it belongs, which changes when others add init
// containers after the sidecar was added.
func moveSidecar(pod *corev1.Pod, order v1alpha1.Order) *corev1.Pod {
	at := sidecarIndex(pod)
	to := place(others(pod), at, order)
	if to == at {
		return pod
	}
	out := pod.DeepCopy()
	out.Spec.InitContainers = slices.Insert(others(out), to, out.Spec.InitContainers[at])
	return out
}

// Outlasted says whether a native sidecar of the pod's own ends after the injected
// one: they end in the reverse of their order.
func Outlasted(pod *corev1.Pod) bool {
	for i := range max(0, sidecarIndex(pod)) {
		if isNative(&pod.Spec.InitContainers[i]) {
			return true
		}
	}
	return false
}

// others are the init containers without the sidecar.
func others(pod *corev1.Pod) []corev1.Container {
	if at := sidecarIndex(pod); at >= 0 {
		return slices.Delete(slices.Clone(pod.Spec.InitContainers), at, at+1)
	}
	return pod.Spec.InitContainers
}

// sidecarIndex among the init containers, -1 if the pod has none.
func sidecarIndex(pod *corev1.Pod) int {
	for i := range pod.Spec.InitContainers {
		if isSidecar(&pod.Spec.InitContainers[i]) {
			return i
		}
	}
	return -1
}

// isSidecar tells the sidecar from a container that only has its name.
func isSidecar(container *corev1.Container) bool {
	return container.Name == ContainerName && isNative(container) &&
		slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == VolumeSpool })
}
