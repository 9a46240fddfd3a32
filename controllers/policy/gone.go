package policy

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/unsaved"
)

// countedAtOnce bounds the pods that one write counts, and those that have ended
// and are remembered as counted: together as many as status.records.unsaved
// may name. What is beyond has to wait for the next write, or until it is
// deleted.
const countedAtOnce = 32

// gone is a pod that has gone, and what it left.
type gone struct {
	unsaved.Pod
	left unsaved.Left
}

// reckoning of the pods that have gone.
type reckoning struct {
	// status with them.
	status v1alpha1.UnsavedStatus
	// counted are those that left something and are counted now.
	counted []gone
	// acknowledged are the pods that the ledger may forget once the status is
	// written.
	acknowledged []types.UID
}

// reckon the pods that have gone into what is counted already. A pod that the
// status names is in its numbers: it has ended before and is deleted now, or a
// write succeeded whose answer was lost.
func reckon(before v1alpha1.UnsavedStatus, pods []gone, ended map[types.UID]bool) reckoning {
	out := reckoning{status: *before.DeepCopy()}
	out.status.CountedPods = nil
	seen := map[types.UID]bool{}
	for _, pod := range pods {
		seen[pod.UID] = true
	}
	room := map[bool]int{true: countedAtOnce, false: countedAtOnce}
	for _, uid := range before.CountedPods {
		if ended[uid] || seen[uid] {
			out.status.CountedPods = append(out.status.CountedPods, uid)
		}
		if ended[uid] {
			room[false]--
		} else if seen[uid] {
			room[true]--
		}
	}
	for _, pod := range pods {
		switch {
		case pod.left.None() || slices.Contains(before.CountedPods, pod.UID):
			out.acknowledged = append(out.acknowledged, pod.UID)
		case room[pod.Deleted] > 0 && len(out.status.CountedPods) < 2*countedAtOnce:
			room[pod.Deleted]--
			out.add(pod)
		}
	}
	slices.Sort(out.status.CountedPods)
	return out
}

func (r *reckoning) add(pod gone) {
	r.acknowledged = append(r.acknowledged, pod.UID)
	r.counted = append(r.counted, pod)
	r.status.Lost = saturated(r.status.Lost, pod.left.Lost)
	r.status.OnClaim = saturated(r.status.OnClaim, pod.left.OnClaim)
	r.status.Unknown = saturated(r.status.Unknown, pod.left.Unknown)
	r.status.CountedPods = append(r.status.CountedPods, pod.UID)
}

// saturated sum: a pod may claim any number, and a count does not turn negative.
func saturated(a, b int64) int64 {
	const most = int64(1) << 62
	return min(a+b, most)
}

// note on a gone pod for its event.
func (g gone) note() string {
	var what string
	switch {
	case g.left.Lost > 0:
		what = fmt.Sprintf("pod %s went before %d of its records were saved, and they are lost with its own volume; with buffer.claimName spools outlive their pods", g.Name, g.left.Lost)
	case g.left.OnClaim > 0:
		what = fmt.Sprintf("pod %s left %d records on its claim; another pod of the policy writes those that are not in quarantine, within minutes", g.Name, g.left.OnClaim)
	case g.left.Unknown > 0:
		what = fmt.Sprintf("pod %s went without a word and held %d records when it was last asked; what it had not written since is lost with its own volume", g.Name, g.left.Unknown)
	default:
		what = fmt.Sprintf("pod %s went before its erasures were done", g.Name)
	}
	if g.left.Erasures > 0 {
		what += fmt.Sprintf("; %d erasures of learners went with it: order them again", g.left.Erasures)
	}
	return what
}
