package injection

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// minGracePeriodSeconds below which a sidecar may not have the time to write
// what it holds after the app has ended.
const minGracePeriodSeconds = 10

// graceWarning about a pod that may end before its sidecar has written all.
func graceWarning(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) string {
	grace := gracePeriodSeconds(pod)
	if grace >= minGracePeriodSeconds {
		return ""
	}
	what := "may stay in a spool volume that goes with the pod"
	if policy.Spec.Buffer.ClaimName != "" {
		what = "stay on the claim until another pod writes them"
	}
	return fmt.Sprintf(
		"progress-sync: terminationGracePeriodSeconds is %d; the sidecar writes what it holds after the app has ended, "+
			"so give the pod %d or more, or its last updates %s", grace, minGracePeriodSeconds, what)
}

// groupWarning about a pod whose sidecar may not be able to write to the claim.
func groupWarning(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, statesUser bool) string {
	claim := policy.Spec.Buffer.ClaimName
	if claim == "" || pod.Spec.SecurityContext != nil && pod.Spec.SecurityContext.FSGroup != nil {
		return ""
	}
	user, advice := fmt.Sprintf("user %d", userID), fmt.Sprintf("set fsGroup: %d", userID)
	if !statesUser {
		user, advice = "the user that it is assigned", "set fsGroup to a group that the namespace allows"
	}
	return fmt.Sprintf(
		"progress-sync: the pod has no securityContext.fsGroup; unless %s can write to claim %s without it, "+
			"the sidecar cannot start, and the pod waits for it: %s", user, claim, advice)
}

// peersWarning about a pod whose sidecar can't listen for others.
func peersWarning(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) string {
	port := policy.Spec.Peers.Port
	container := listener(pod, port)
	if port == 0 || container == "" || policy.Spec.Peers.Mode == v1alpha1.PeersOff {
		return ""
	}
	return fmt.Sprintf(
		"progress-sync: container %s uses port %d, where sidecars reach each other; this pod's sidecar writes all that the pod gets itself, "+
			"which takes more writes: set spec.peers.port of policy %s to another", container, port, policy.Name)
}

// one warning, if there is one.
func one(warning string) []string {
	if warning == "" {
		return nil
	}
	return []string{warning}
}
