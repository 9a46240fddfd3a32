package injection

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// resources merges the policy's resources into the defaults, field by field.
// What comes out is valid, so that a policy cannot keep a pod from being
// created: negative quantities count as unset, and where a request is above
// its limit, the one that the policy did not set gives way, else the limit.
func resources(spec v1alpha1.ResourcesSpec) corev1.ResourceRequirements {
	requests := merged(corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("10m"),
		corev1.ResourceMemory: resource.MustParse("64Mi"),
	}, spec.Requests)
	limits := merged(corev1.ResourceList{
		corev1.ResourceMemory: resource.MustParse("256Mi"),
	}, spec.Limits)

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
