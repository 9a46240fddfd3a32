package policy

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
)

// pods of one policy, sorted by what they are to it.
type pods struct {
	matched, injected, ready, failing, outdated, refused, optedOut, conflicting int32
	// bare is one of the pods that could have a sidecar and have none, sample
	// one of those that have it. refusal is why a pod cannot have one, conflict
	// the policy that has one of the conflicting pods.
	bare, sample *corev1.Pod
	refusal      string
	conflict     string
	// faults of the failing, those of most pods first; late is one of the others
	// that has been starting for long.
	faults faults
	late   *corev1.Pod
	// ownVolumes is the number of pods whose spool goes with them.
	ownVolumes int32
	// spoolLimit is the smallest spool volume in bytes, zero if there is none.
	spoolLimit int64
	targets    []sidecarstatus.Target
	// last are those of the targets that no native sidecar outlasts.
	last map[types.UID]bool
}

// sortPods counts what the pods of the namespace are to the policy. Policies
// are all those of the namespace.
func sortPods(
	all []corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, policies []v1alpha1.ProgressSyncPolicy, options injection.Options, now time.Time,
) pods {
	var p pods
	hash := injection.TemplateHash(policy, options)
	// A selector that is not valid selects nothing.
	selector, _ := selection.Selector(policy)
	for i := range all {
		pod := &all[i]
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		selected := selector.Matches(labels.Set(pod.Labels))
		if !selected && pod.Annotations[injection.AnnotationPolicy] != policy.Name {
			// It is nothing to this policy, whosever it is.
			continue
		}
		switch owner := ownerOf(pod, policies); {
		case owner == policy.Name:
			p.add(pod, policy, hash, now)
		case owner != "" && pod.DeletionTimestamp == nil && selected:
			p.conflicting++
			p.conflict = owner
		}
	}
	p.faults.sort()
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

func (p *pods) add(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy, hash string, now time.Time) {
	if injection.HasSidecar(pod) {
		p.addSidecar(pod, hash, now)
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
func (p *pods) addSidecar(pod *corev1.Pod, hash string, now time.Time) {
	if limit := injection.SpoolLimit(pod); limit > 0 && (p.spoolLimit == 0 || limit < p.spoolLimit) {
		p.spoolLimit = limit
	}
	sidecar := sidecarStatus(pod)
	// One that was restarted is asked although it is not ready: if that lasts,
	// it counts as unreachable. One that never started has nothing to say yet.
	if pod.Status.PodIP != "" && (sidecar.Ready || sidecar.RestartCount > 0) {
		p.targets = append(p.targets, sidecarstatus.Target{Pod: pod.UID, IP: pod.Status.PodIP})
		if !injection.Outlasted(pod) {
			if p.last == nil {
				p.last = map[types.UID]bool{}
			}
			p.last[pod.UID] = true
		}
	}
	if pod.DeletionTimestamp != nil {
		return
	}
	p.matched++
	p.injected++
	if p.sample == nil || pod.Name < p.sample.Name {
		p.sample = pod
	}
	if injection.SpoolClaim(pod) == "" {
		p.ownVolumes++
	}
	p.addHealth(pod, sidecar.Ready, now)
	if pod.Annotations[injection.AnnotationTemplateHash] != hash {
		p.outdated++
	}
}

// addHealth counts a sidecar by what the kubelet says of it. One may be ready
// and failing: between two crashes.
func (p *pods) addHealth(pod *corev1.Pod, ready bool, now time.Time) {
	found := faultOf(pod, now)
	switch {
	case found != nil:
		p.failing++
		p.faults.add(pod, found)
	case ready:
		p.ready++
	case isLate(pod, now) && (p.late == nil || pod.Name < p.late.Name):
		p.late = pod
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
