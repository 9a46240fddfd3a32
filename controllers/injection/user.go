package injection

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// userID is the user and group that the sidecar's image names, and that its
// container states unless the namespace assigns them.
const userID = 65532

// runAs of the policy, else of the operator.
func runAs(policy *v1alpha1.ProgressSyncPolicy, options Options) v1alpha1.RunAs {
	return cmp.Or(policy.Spec.Injection.RunAs, options.RunAs, v1alpha1.RunAsAuto)
}

// statesUser says whether the sidecar's container states its user. In a pod that
// runs as root it always does: left to the pod, a container that must not be
// root would not start, and the pod would wait for it.
func statesUser(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, options Options, surroundings Surroundings) bool {
	if c := pod.Spec.SecurityContext; c != nil && c.RunAsUser != nil && *c.RunAsUser == 0 {
		return true
	}
	switch runAs(policy, options) {
	case v1alpha1.RunAsAssigned:
		return false
	case v1alpha1.RunAsAuto:
		return !surroundings.AssignsUsers
	default:
		return true
	}
}

func stateUser(container *corev1.Container) {
	container.SecurityContext.RunAsUser = ptr.To[int64](userID)
	container.SecurityContext.RunAsGroup = ptr.To[int64](userID)
}

// securityContext states every other field of the restricted profile, so that
// the sidecar passes it whatever the pod's own context is.
func securityContext() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		RunAsNonRoot:             ptr.To(true),
		Privileged:               ptr.To(false),
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}
