package policy

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// pace of the writes of statuses: counts move at every poll of every policy, and
// the API server has better to do. The zero pace has seen none; it may be used
// from several goroutines.
type pace struct {
	mu    sync.Mutex
	wrote map[types.NamespacedName]time.Time
}

// wait before the status of a policy is written: nothing if a condition turned,
// or if the last write is an interval ago.
func (p *pace) wait(policy types.NamespacedName, before, after v1alpha1.ProgressSyncPolicyStatus, now time.Time, interval time.Duration) time.Duration {
	if urgent(before, after) {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.wrote[policy]
	if !ok {
		return 0
	}
	return max(0, interval-now.Sub(last))
}

// written status of a policy.
func (p *pace) written(policy types.NamespacedName, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrote == nil {
		p.wrote = map[types.NamespacedName]time.Time{}
	}
	p.wrote[policy] = now
}

// forget a policy that was deleted.
func (p *pace) forget(policy types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wrote, policy)
}

// urgent changes are those of a condition's status or reason, and that the
// status speaks of another generation. Others are of numbers and wording.
func urgent(before, after v1alpha1.ProgressSyncPolicyStatus) bool {
	if before.ObservedGeneration != after.ObservedGeneration || len(before.Conditions) != len(after.Conditions) {
		return true
	}
	for _, now := range after.Conditions {
		was := meta.FindStatusCondition(before.Conditions, now.Type)
		if was == nil || was.Status != now.Status || was.Reason != now.Reason {
			return true
		}
	}
	return false
}
