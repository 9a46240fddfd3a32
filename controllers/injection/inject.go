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

// minGracePeriodSeconds below which a sidecar may not have the time to write
// what it holds after the app has ended.
const minGracePeriodSeconds = 10

// Inject returns the pod with the policy's sidecar in it. The given pod is not
// changed. A pod that already has a sidecar, opted out, or cannot have one is
// returned as it is; so applying Inject twice changes nothing.
func Inject(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, options Options) (*corev1.Pod, Result) {
	switch {
	case HasSidecar(pod):
		return pod, Result{Outcome: AlreadyInjected}
	case HasOptedOut(pod):
		return pod, Result{Outcome: OptedOut}
	}
	if refusal := Check(pod, policy); refusal != nil {
		return pod, Result{Outcome: Refused, Refusal: *refusal, Warnings: []string{
			fmt.Sprintf("progress-sync: policy %s adds no sidecar to this pod: %s", policy.Name, refusal.Message),
		}}
	}

	out := pod.DeepCopy()
	addSidecar(out, sidecar(policy, options, gracePeriodSeconds(pod)))
	addVolumes(out, policy)
	addPullSecrets(out, policy)
	for i := range out.Spec.Containers {
		addURL(&out.Spec.Containers[i], policy)
	}
	mark(out, policy, options)

	return out, Result{Outcome: Injected, Warnings: warnings(pod, policy)}
}

// warnings about a pod that does get its sidecar.
func warnings(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) []string {
	var out []string
	claim := policy.Spec.Buffer.ClaimName
	if grace := gracePeriodSeconds(pod); grace < minGracePeriodSeconds {
		what := "may stay in a spool volume that goes with the pod"
		if claim != "" {
			what = "stay on the claim until another pod writes them"
		}
		out = append(out, fmt.Sprintf(
			"progress-sync: terminationGracePeriodSeconds is %d; the sidecar writes what it holds after the app has ended, "+
				"so give the pod %d or more, or its last updates %s", grace, minGracePeriodSeconds, what))
	}
	if claim != "" && (pod.Spec.SecurityContext == nil || pod.Spec.SecurityContext.FSGroup == nil) {
		out = append(out, fmt.Sprintf(
			"progress-sync: the pod has no securityContext.fsGroup; unless user %d can write to claim %s without it, "+
				"the sidecar cannot start, and the pod waits for it: set fsGroup: %d", userID, claim, userID))
	}
	return out
}

// HasSidecar says whether the pod was injected. It looks at the container and
// not at the marks, which may have been copied from another pod.
func HasSidecar(pod *corev1.Pod) bool {
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == ContainerName {
			return true
		}
	}
	return false
}

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

// addSidecar puts the sidecar first, so that it runs before anything that may
// want to write, or last where the pod asks for it.
func addSidecar(pod *corev1.Pod, container corev1.Container) {
	if pod.Annotations[AnnotationOrder] == "last" {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, container)
		return
	}
	pod.Spec.InitContainers = append([]corev1.Container{container}, pod.Spec.InitContainers...)
}

func addPullSecrets(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) {
	for _, secret := range policy.Spec.Injection.ImagePullSecrets {
		ref := corev1.LocalObjectReference{Name: secret.Name}
		if !slices.Contains(pod.Spec.ImagePullSecrets, ref) {
			pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, ref)
		}
	}
}

// addURL tells an app container where the sidecar is, unless the container
// says so itself.
func addURL(container *corev1.Container, policy *v1alpha1.ProgressSyncPolicy) {
	for i := range container.Env {
		if container.Env[i].Name == URLVariable {
			return
		}
	}
	container.Env = append(container.Env, corev1.EnvVar{Name: URLVariable, Value: "http://" + listenAddress(policy)})
}

func mark(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, options Options) {
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
}
