package eviction

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/selection"
)

// sorted pods of the policy.
type sorted struct {
	// bare pods that an eviction would renew; those that are not ready come
	// first, since nobody misses them, then the oldest.
	bare []*corev1.Pod
	// going pods are being deleted.
	going []*corev1.Pod
	// injected pods have their sidecar.
	injected []*corev1.Pod
}

func sort(s Situation) sorted {
	var out sorted
	for i := range s.Pods {
		pod := &s.Pods[i]
		if hasEnded(pod) || !has(s, pod) {
			continue
		}
		switch {
		case pod.DeletionTimestamp != nil:
			out.going = append(out.going, pod)
		case injection.HasSidecar(pod):
			out.injected = append(out.injected, pod)
		case renewable(pod, s.Policy):
			out.bare = append(out.bare, pod)
		}
	}
	slices.SortFunc(out.bare, func(a, b *corev1.Pod) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)),
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			strings.Compare(a.Name, b.Name),
		)
	})
	return out
}

func rank(pod *corev1.Pod) int {
	if isReady(pod) {
		return 1
	}
	return 0
}

// has says whether the policy has the pod: it has injected it, or would.
func has(s Situation, pod *corev1.Pod) bool {
	if injection.HasSidecar(pod) {
		return pod.Annotations[injection.AnnotationPolicy] == s.Policy.Name
	}
	winner := selection.Winner(s.Policies, pod.Labels)
	return winner != nil && winner.Name == s.Policy.Name
}

// renewable pods have an owner that puts another one in their place, and that
// one gets a sidecar. A Job counts an eviction as a failure. A DaemonSet's pod
// is the only one of its node, and no PodDisruptionBudget speaks for it.
func renewable(pod *corev1.Pod, policy *v1alpha1.ProgressSyncPolicy) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != "ReplicaSet" && owner.Kind != "StatefulSet" {
		return false
	}
	return !injection.HasOptedOut(pod) && injection.Check(pod, policy) == nil
}

func ownerOf(pod *corev1.Pod) types.UID {
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		return owner.UID
	}
	return ""
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// ownerFree says whether the owner of the pod can do without it: none of its
// other pods, whatever policy has them, is being deleted or renewed, or is not
// ready. One that is not ready itself is missed by nobody, so that the bare pods
// of an app which cannot start without its sidecar are renewed, too.
func ownerFree(s Situation, candidate *corev1.Pod) bool {
	owner := ownerOf(candidate)
	if s.Busy[owner] {
		return false
	}
	for i := range s.Pods {
		pod := &s.Pods[i]
		if ownerOf(pod) != owner || pod.UID == candidate.UID || hasEnded(pod) {
			continue
		}
		if pod.DeletionTimestamp != nil || !isReady(pod) && (isReady(candidate) || injection.HasSidecar(pod)) {
			return false
		}
	}
	return true
}

func hasEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
