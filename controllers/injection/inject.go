package injection

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Options of the operator that every injected pod shares.
type Options struct {
	// Image of the sidecar where a policy names none.
	Image string
	// ImagePullPolicy of the sidecar; the kubelet's default if empty.
	ImagePullPolicy corev1.PullPolicy
	// RunAs says who chooses the sidecar's user where a policy does not; Auto if
	// empty.
	RunAs v1alpha1.RunAs
}

// Outcome of an injection.
type Outcome string

const (
	// Injected says that the pod got its sidecar.
	Injected Outcome = "injected"
	// AlreadyInjected says that the pod has a sidecar, or an older policy that
	// gives it one, and was left as it is.
	AlreadyInjected Outcome = "already_injected"
	// OptedOut says that the pod's annotation declines the sidecar.
	OptedOut Outcome = "opted_out"
	// Refused says that the pod cannot have a sidecar.
	Refused Outcome = "refused"
)

// Result says what Inject did.
type Result struct {
	Outcome Outcome
	// Refusal says why, for Refused.
	Refusal Refusal
	// Warnings for whoever creates the pod.
	Warnings []string
}

// Inject returns the pod with the policy's sidecar in it. The given pod is not
// changed. A pod that opted out or cannot have a sidecar is returned as it is. Of
// one that already has a sidecar only its place may change, where others have
// added init containers since; so applying Inject twice changes nothing.
func Inject(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, options Options, surroundings Surroundings) (*corev1.Pod, Result) {
	order, orderWarning := orderOf(pod, policy)
	switch {
	case HasSidecar(pod):
		return moveSidecar(pod, order), Result{Outcome: AlreadyInjected}
	case HasOptedOut(pod):
		return pod, Result{Outcome: OptedOut}
	}
	if refusal := Check(pod, policy); refusal != nil {
		return pod, Result{Outcome: Refused, Refusal: *refusal, Warnings: []string{
			fmt.Sprintf("progress-sync: policy %s adds no sidecar to this pod: %s", policy.Name, refusal.Message),
		}}
	}

	container := sidecar(policy, options, gracePeriodSeconds(pod))
	container.Env = slices.Concat(container.Env, peers(pod, policy), settings(policy))
	statesUser := statesUser(pod, policy, options, surroundings)
	if statesUser {
		stateUser(&container)
	}
	resources, resourceWarnings := fit(pod, policy, surroundings)
	container.Resources = resources

	out := pod.DeepCopy()
	addSidecar(out, container, order)
	addVolumes(out, policy)
	addPullSecrets(out, policy)
	addURLs(out, policy, surroundings.ConfigMaps)
	raisePodLevel(out, resources)
	addLabels(out, policy, options)

	warnings := slices.Concat(
		one(orderWarning), one(graceWarning(pod, policy)), one(groupWarning(pod, policy, statesUser)), one(peersWarning(pod, policy)), resourceWarnings,
	)
	return out, Result{Outcome: Injected, Warnings: warnings}
}

// HasSidecar says whether the pod was injected, by its container: labels and
// annotations may have been copied from another pod.
func HasSidecar(pod *corev1.Pod) bool { return sidecarIndex(pod) >= 0 }

// HasOptedOut says whether the pod's annotation declines the sidecar.
func HasOptedOut(pod *corev1.Pod) bool {
	return strings.EqualFold(pod.Annotations[AnnotationInject], "false")
}

func gracePeriodSeconds(pod *corev1.Pod) int64 {
	if s := pod.Spec.TerminationGracePeriodSeconds; s != nil {
		return *s
	}
	return corev1.DefaultTerminationGracePeriodSeconds
}

func addPullSecrets(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) {
	for _, secret := range policy.Spec.Injection.ImagePullSecrets {
		ref := corev1.LocalObjectReference{Name: secret.Name}
		if !slices.Contains(pod.Spec.ImagePullSecrets, ref) {
			pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, ref)
		}
	}
}

// addLabels adds the labels and annotations of an injected pod.
func addLabels(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, options Options) {
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[LabelInjected] = "true"
	pod.Annotations[AnnotationPolicy] = policy.Name
	pod.Annotations[AnnotationTemplateHash] = TemplateHash(policy, options)
	if pod.Annotations[annotationDefaultContainer] == "" && len(pod.Spec.Containers) > 0 {
		pod.Annotations[annotationDefaultContainer] = pod.Spec.Containers[0].Name
	}
	if policy.Spec.Buffer.ClaimName == "" {
		pod.Annotations[annotationSafeVolumes] = withVolume(pod.Annotations[annotationSafeVolumes], VolumeSpool)
	}
}

// withVolume adds a volume to a list with commas. The cluster autoscaler drains
// no node with a pod that has an emptyDir which is not in that list; an eviction
// gives the sidecar the grace period to write what it holds.
func withVolume(list, volume string) string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	if !slices.Contains(names, volume) {
		names = append(names, volume)
	}
	return strings.Join(names, ",")
}
