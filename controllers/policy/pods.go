package policy

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// pods of one policy, sorted by what they are to it.
type pods struct {
	matched, injected, ready, outdated, refused, optedOut, conflicting int32
	// bare is one of the pods without a sidecar that could have one, refusal is
	// why one cannot, conflict the policy that has one of the conflicting.
	bare     *corev1.Pod
	refusal  string
	conflict string
	// spoolLimit is the smallest spool volume in bytes, zero if there is none.
	spoolLimit int64
	targets    []sidecarstatus.Target
}

// sortPods counts what the pods of the namespace are to the policy. Policies
// are all those of the namespace.
func sortPods(all []corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, policies []v1alpha1.ProgressSyncPolicy, options injection.Options) pods {
	var p pods
	hash := injection.TemplateHash(policy, options)
	for i := range all {
		pod := &all[i]
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		switch owner := ownerOf(pod, policies); {
		case owner == policy.Name:
			p.add(pod, policy, hash)
		case owner != "" && pod.DeletionTimestamp == nil && selection.Selects(policy, pod.Labels):
			p.conflicting++
			p.conflict = owner
		}
	}
	return p
}

// ownerOf is the name of the policy that has the pod: the one that injected it,
// else the one that would.
func ownerOf(pod *corev1.Pod, policies []v1alpha1.ProgressSyncPolicy) string {
	if injection.HasSidecar(pod) {
		name := pod.Annotations[injection.AnnotationPolicy]
		for i := range policies {
			if policies[i].Name == name {
				return name
			}
		}
	}
	if winner := selection.Winner(policies, pod.Labels); winner != nil {
		return winner.Name
	}
	return ""
}

func (p *pods) add(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, hash string) {
	if injection.HasSidecar(pod) {
		p.addSidecar(pod, hash)
		return
	}
	switch {
	case pod.DeletionTimestamp != nil:
	case injection.HasOptedOut(pod):
		p.optedOut++
	default:
		p.matched++
		if refusal := injection.Check(pod, policy); refusal != nil {
			p.refused++
			p.refusal = refusal.Message
		} else if p.bare == nil || pod.Name < p.bare.Name {
			p.bare = pod
		}
	}
}

// addSidecar counts an injected pod. One that is being deleted still holds
// records and is asked, but is none of the policy's pods any more.
func (p *pods) addSidecar(pod *corev1.Pod, hash string) {
	if limit := injection.SpoolLimit(pod); limit > 0 && (p.spoolLimit == 0 || limit < p.spoolLimit) {
		p.spoolLimit = limit
	}
	sidecar := sidecarStatus(pod)
	// One that was restarted is asked although it is not ready: if that lasts,
	// it counts as unreachable. One that never started has nothing to say yet.
	if pod.Status.PodIP != "" && (sidecar.Ready || sidecar.RestartCount > 0) {
		p.targets = append(p.targets, sidecarstatus.Target{Pod: pod.UID, IP: pod.Status.PodIP})
	}
	if pod.DeletionTimestamp != nil {
		return
	}
	p.matched++
	p.injected++
	if sidecar.Ready {
		p.ready++
	}
	if pod.Annotations[injection.AnnotationTemplateHash] != hash {
		p.outdated++
	}
}

// sidecarStatus is what the kubelet says of the container.
func sidecarStatus(pod *corev1.Pod) corev1.ContainerStatus {
	for i := range pod.Status.InitContainerStatuses {
		if pod.Status.InitContainerStatuses[i].Name == injection.ContainerName {
			return pod.Status.InitContainerStatuses[i]
		}
	}
	return corev1.ContainerStatus{}
}

// restartCommand for the owner of a pod, in words where there is no command.
func restartCommand(pod *corev1.Pod) string {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return "delete and create pod " + pod.Name + " again"
	}
	switch owner.Kind {
	case "ReplicaSet":
		if hash := pod.Labels["pod-template-hash"]; hash != "" && strings.HasSuffix(owner.Name, "-"+hash) {
			return rollout(pod.Namespace, "deployment", strings.TrimSuffix(owner.Name, "-"+hash))
		}
	case "StatefulSet", "DaemonSet":
		return rollout(pod.Namespace, strings.ToLower(owner.Kind), owner.Name)
	}
	return "delete pod " + pod.Name + ", which its " + owner.Kind + " replaces"
}

func rollout(namespace, kind, name string) string {
	return "kubectl -n " + namespace + " rollout restart " + kind + "/" + name
}
