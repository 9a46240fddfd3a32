package injection

import corev1 "k8s.io/api/core/v1"

// podLevelLimits of the pod, none if it states none (KEP-2837).
func podLevelLimits(pod *corev1.Pod) corev1.ResourceList {
	if pod.Spec.Resources == nil {
		return nil
	}
	return pod.Spec.Resources.Limits
}

// raisePodLevel adds what the sidecar takes to what the pod states for all its
// containers together, so that the app keeps its share. Without it the pod would
// be refused: its containers' requests may not be more than its own.
func raisePodLevel(pod *corev1.Pod, sidecar corev1.ResourceRequirements) {
	if pod.Spec.Resources == nil {
		return
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		raise(pod.Spec.Resources.Requests, name, sidecar.Requests)
		raise(pod.Spec.Resources.Limits, name, sidecar.Limits)
	}
}

// raise what a list states; what it does not is left open.
func raise(list corev1.ResourceList, name corev1.ResourceName, by corev1.ResourceList) {
	if total, ok := list[name]; ok {
		total.Add(by[name])
		list[name] = total
	}
}
