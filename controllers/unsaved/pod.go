package unsaved

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Pod that has gone.
type Pod struct {
	UID             types.UID
	Namespace, Name string
	// Deleted is false for one that has ended and is still there.
	Deleted bool
	// Ending of its sidecar, nil if it went without a word: killed, or its node
	// is gone.
	Ending *status.Ending
	// OnClaim: its spool is on a claim, and outlives it.
	OnClaim bool
}

// Ended says whether the pod's work is over although it is not deleted. The
// kubelet removes the volumes of such a pod. A pod whose sidecar is not known to
// have ended may have been given up by somebody else than its kubelet.
func Ended(pod *corev1.Pod) bool {
	return (pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed) && terminated(pod) != nil
}

// podOf what the watch shows.
func podOf(object *corev1.Pod) Pod {
	pod := Pod{UID: object.UID, Namespace: object.Namespace, Name: object.Name, OnClaim: injection.SpoolClaim(object) != ""}
	if end := terminated(object); end != nil {
		if ending, ok := status.ParseEnding(end.Message); ok {
			pod.Ending = &ending
		}
	}
	return pod
}

func terminated(pod *corev1.Pod) *corev1.ContainerStateTerminated {
	for i := range pod.Status.InitContainerStatuses {
		if s := &pod.Status.InitContainerStatuses[i]; s.Name == injection.ContainerName {
			return s.State.Terminated
		}
	}
	return nil
}

// Left is what a pod had not saved, by its fate.
type Left struct {
	// Lost records went with the pod's own volume. OnClaim ones outlive the pod.
	// Of Unknown ones nothing is known but that the pod held them when it was
	// last asked.
	Lost, OnClaim, Unknown int64
	// Erasures of learners that were lost with the pod's own volume.
	Erasures int64
}

// None says whether nothing was left.
func (l Left) None() bool { return l == Left{} }

// Left of the pod: as its sidecar said at its end, else as it last answered,
// which is nil if it never did. Records in quarantine are not saved either.
func (p Pod) Left(last *status.Document) Left {
	switch {
	case p.Ending != nil && p.OnClaim:
		return Left{OnClaim: bounded(p.Ending.Records, p.Ending.DeadLetters)}
	case p.Ending != nil:
		return Left{Lost: bounded(p.Ending.Records, p.Ending.DeadLetters), Erasures: bounded(p.Ending.Erasures)}
	case last == nil:
		return Left{}
	}
	records := bounded(last.Sync.PendingRecords, last.Sync.InFlightRecords, last.DeadLetters.Count)
	if p.OnClaim {
		return Left{OnClaim: records}
	}
	return Left{Unknown: records}
}

// maxCount that a pod is believed.
const maxCount = int64(1) << 50

func bounded(counts ...int64) int64 {
	var sum int64
	for _, n := range counts {
		sum += min(max(n, 0), maxCount)
	}
	return sum
}
