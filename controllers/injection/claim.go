package injection

import (
	corev1 "k8s.io/api/core/v1"
)

// SpoolClaim is the name of the claim that a pod keeps its spool on, empty if it
// has a volume of its own or no sidecar.
func SpoolClaim(pod *corev1.Pod) string {
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		if volume.Name == VolumeSpool && volume.PersistentVolumeClaim != nil {
			return volume.PersistentVolumeClaim.ClaimName
		}
	}
	return ""
}
