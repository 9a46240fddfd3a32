package injection

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// logBytes that the kubelet keeps of a container by default, 5 files of 10Mi,
// and some room. They count as ephemeral storage, as the spool does.
const logBytes = 64 << 20

// resources merges the policy's resources into the defaults, field by field.
// What comes out is valid, so that a policy cannot keep a pod from being
// created: negative quantities count as unset, and where a request is above
// its limit, the one that the policy did not set gives way, else the limit.
//
// There is no default limit of ephemeral storage: the kubelet evicts a pod, and
// what is in its spool, that is above it. One that the policy sets is raised to
// what a full spool takes.
func resources(policy *v1alpha1.ProgressSyncPolicy) corev1.ResourceRequirements {
	spec := policy.Spec.Injection.Resources
	requests := merged(corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("10m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
		// The logs, and the spool of a database that works.
		corev1.ResourceEphemeralStorage: resource.MustParse("128Mi"),
	}, spec.Requests)
	limits := merged(corev1.ResourceList{
		corev1.ResourceMemory: resource.MustParse("256Mi"),
	}, spec.Limits)

	full := resource.NewQuantity(storageBytes(policy), resource.BinarySI)
	if limit, ok := limits[corev1.ResourceEphemeralStorage]; ok && limit.Cmp(*full) < 0 {
		limits[corev1.ResourceEphemeralStorage] = *full
	}
	for name, limit := range limits {
		request, ok := requests[name]
		if !ok || request.Cmp(limit) <= 0 {
			continue
		}
		if _, asked := spec.Requests[name]; asked {
			limits[name] = request
		} else {
			requests[name] = limit
		}
	}
	return corev1.ResourceRequirements{Requests: requests, Limits: limits}
}

func merged(defaults, set corev1.ResourceList) corev1.ResourceList {
	for name, quantity := range set {
		if quantity.Sign() >= 0 {
			defaults[name] = quantity
		}
	}
	return defaults
}

// storageBytes of the node that the sidecar may take: its logs, and a full spool
// unless that lies on a claim.
func storageBytes(policy *v1alpha1.ProgressSyncPolicy) int64 {
	if policy.Spec.Buffer.ClaimName != "" {
		return logBytes
	}
	return policy.Spec.Buffer.SizeLimit.Value() + logBytes
}
