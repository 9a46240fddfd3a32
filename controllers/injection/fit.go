package injection

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// fittedNames are the resources that a policy can state.
func fittedNames() []corev1.ResourceName {
	return []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage}
}

// fit makes the sidecar's resources fit the rest of the pod and its namespace, so
// that the pod is not refused for them, nor left without a node. Warnings name
// what differs from the policy, or is less than a full spool needs.
func fit(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, surroundings Surroundings) (out corev1.ResourceRequirements, warnings []string) {
	out = resources(policy)
	stated := policy.Spec.Injection.Resources
	if _, asked := stated.Requests[corev1.ResourceEphemeralStorage]; !asked && !surroundings.StorageCounted {
		delete(out.Requests, corev1.ResourceEphemeralStorage)
	}
	for _, name := range fittedNames() {
		_, statesRequest := stated.Requests[name]
		_, statesLimit := stated.Limits[name]
		request, limit := units(name, out.Requests[name]), units(name, out.Limits[name])

		fitRequest, fitLimit := boundsOf(name, pod, policy, surroundings.LimitRanges).fit(request, limit, statesRequest && !statesLimit)
		if fitRequest != request {
			out.Requests[name] = quantity(name, fitRequest)
		}
		if fitLimit != limit {
			out.Limits[name] = quantity(name, fitLimit)
		}

		if statesRequest && fitRequest != request || statesLimit && fitLimit != limit {
			warnings = append(warnings, fmt.Sprintf(
				"progress-sync: a LimitRange of the namespace does not take the sidecar's %s as policy %s states it; it gets a request of %s and a limit of %s",
				name, policy.Name, text(out.Requests, name), text(out.Limits, name)))
		}
		if needed := storageBytes(policy); name == corev1.ResourceEphemeralStorage && fitLimit > 0 && fitLimit < needed {
			warnings = append(warnings, fmt.Sprintf(
				"progress-sync: a LimitRange of the namespace leaves the sidecar %s of ephemeral storage, and a full spool takes %s: "+
					"in a long outage the kubelet would evict the pod with what it holds; lower buffer.sizeLimit of policy %s, or put the spool on a claim",
				text(out.Limits, name), quantityText(name, needed), policy.Name))
		}
	}
	return out, warnings
}

func text(list corev1.ResourceList, name corev1.ResourceName) string {
	if q, ok := list[name]; ok {
		return q.String()
	}
	return "none"
}

func quantityText(name corev1.ResourceName, units int64) string {
	q := quantity(name, units)
	return q.String()
}
