package eviction

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// propagation is how long a webhook configuration may take to reach all replicas
// of the API server, the difference of clocks included. Pods that were created
// within it say nothing about the webhook.
const propagation = 10 * time.Second

// Eviction that was made, and whose pod has not been replaced yet.
type Eviction struct {
	Pod string
	// Owner of the pod, which makes another one.
	Owner types.UID
	At    time.Time
}

// Situation of a policy: all that a decision rests on.
type Situation struct {
	Policy *v1alpha1.ProgressSyncPolicy
	// Pods and Policies of the policy's namespace.
	Pods     []corev1.Pod
	Policies []v1alpha1.ProgressSyncPolicy
	// InstalledSince is when the API server was first seen to call the operator
	// for the policy's pods; zero while it does not.
	InstalledSince time.Time
	// Last eviction for this policy; its zero value is none.
	Last Eviction
	// Busy owners have a pod to replace that was evicted for another policy, or
	// were just kept from losing one by a PodDisruptionBudget.
	Busy map[types.UID]bool
	Now  time.Time
}

// Verdict on what happens next.
type Verdict string

const (
	// Nothing is to be done.
	Nothing Verdict = "nothing"
	// Evict Decision.Pod.
	Evict Verdict = "evict"
	// Wait until the pods, or the time, have changed.
	Wait Verdict = "wait"
	// Stop, because new pods get no sidecar.
	Stop Verdict = "stop"
)

// Decision for a policy.
type Decision struct {
	Verdict Verdict
	// Pod to evict, or the one that is the cause of Stop; else nil.
	Pod *corev1.Pod
	// Replaced says that the pod of the last eviction has been.
	Replaced bool
	// Why nothing is evicted, in words.
	Why string
}

// check of a situation returns why nothing is evicted, or nil.
type check func(Situation, sorted) *Decision

// Decide which pod of the policy to evict next, or why none.
func Decide(s Situation) Decision {
	pods := sort(s)
	decision := Decision{Replaced: replaced(s, pods)}
	for _, check := range []check{
		nothingBare,
		webhookUntried, // an eviction would only make another bare pod
		webhookFailing, // as was just seen
		underWay,       // one at a time
		notReplaced,    // and the next one only after the one in its place
		notReady,       // which has to work
	} {
		if found := check(s, pods); found != nil {
			found.Replaced = decision.Replaced
			return *found
		}
	}
	for _, pod := range pods.bare {
		if ownerFree(s, pod) {
			decision.Verdict, decision.Pod = Evict, pod
			return decision
		}
	}
	decision.Verdict, decision.Why = Wait, "other pods of their owners are being replaced, or are not ready"
	return decision
}

func nothingBare(_ Situation, pods sorted) *Decision {
	if len(pods.bare) > 0 {
		return nil
	}
	return &Decision{Verdict: Nothing, Why: "no pod would get a sidecar by it"}
}

func webhookUntried(s Situation, _ sorted) *Decision {
	if !s.InstalledSince.IsZero() && s.Now.Sub(s.InstalledSince) >= propagation {
		return nil
	}
	return &Decision{Verdict: Wait, Why: "the API server has just been told of the policy, or not yet"}
}

// webhookFailing finds a bare pod that was created while the API server called the
// operator. It stops nothing once a later pod has its sidecar: then it is from an
// outage that is over.
func webhookFailing(s Situation, pods sorted) *Decision {
	for _, pod := range pods.bare {
		if !pod.CreationTimestamp.After(s.InstalledSince.Add(propagation)) {
			continue
		}
		later := func(injected *corev1.Pod) bool { return injected.CreationTimestamp.After(pod.CreationTimestamp.Time) }
		if !slices.ContainsFunc(pods.injected, later) {
			return &Decision{Verdict: Stop, Pod: pod, Why: "it was created while the API server called the operator, and has no sidecar"}
		}
	}
	return nil
}

func underWay(_ Situation, pods sorted) *Decision {
	if len(pods.going) == 0 {
		return nil
	}
	return &Decision{Verdict: Wait, Why: "pod " + pods.going[0].Name + " is being deleted"}
}

func notReplaced(s Situation, pods sorted) *Decision {
	if s.Last == (Eviction{}) || replaced(s, pods) {
		return nil
	}
	return &Decision{Verdict: Wait, Why: "no pod with a sidecar has come in place of pod " + s.Last.Pod + " yet"}
}

// replaced says whether a pod with a sidecar has come in place of the one that was
// evicted last, and is ready: one of the same owner or, if that has no pods any
// more, as after a rollout, any new one of the policy.
func replaced(s Situation, pods sorted) bool {
	if s.Last == (Eviction{}) {
		return false
	}
	// Pods know the second in which they were created.
	since := s.Last.At.Truncate(time.Second)
	gone := true
	for i := range s.Pods {
		gone = gone && ownerOf(&s.Pods[i]) != s.Last.Owner
	}
	return slices.ContainsFunc(pods.injected, func(pod *corev1.Pod) bool {
		return !pod.CreationTimestamp.Time.Before(since) && isReady(pod) && (gone || ownerOf(pod) == s.Last.Owner)
	})
}

func notReady(_ Situation, pods sorted) *Decision {
	for _, pod := range pods.injected {
		if !isReady(pod) {
			return &Decision{Verdict: Wait, Why: "pod " + pod.Name + ", which has a sidecar, is not ready"}
		}
	}
	return nil
}
