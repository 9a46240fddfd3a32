package unsaved

import (
	"cmp"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/controllers/injection"
)

// Ledger of pods that have gone and are not acknowledged. The zero Ledger is
// empty; it may be used from several goroutines.
type Ledger struct {
	mu       sync.Mutex
	policies map[types.NamespacedName]*account
}

// account of one policy.
type account struct {
	// gone pods that are not acknowledged.
	gone map[types.UID]Pod
	// ended pods that are acknowledged and will be seen once more, deleted.
	ended map[types.UID]bool
}

// Observe takes a pod as the watch shows it; deleted says that it has just been
// deleted. Nothing is kept of pods without a sidecar, nor of those that live.
func (l *Ledger) Observe(object *corev1.Pod, deleted bool) {
	if !injection.HasSidecar(object) || (!deleted && !Ended(object)) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.of(types.NamespacedName{Namespace: object.Namespace, Name: object.Annotations[injection.AnnotationPolicy]})
	if a.ended[object.UID] {
		if deleted {
			delete(a.ended, object.UID)
		}
		return
	}
	pod := podOf(object)
	pod.Deleted = deleted
	a.gone[object.UID] = pod
}

// Gone pods of a policy, by name and UID.
func (l *Ledger) Gone(policy types.NamespacedName) []Pod {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Pod
	if a := l.policies[policy]; a != nil {
		for _, pod := range a.gone {
			out = append(out, pod)
		}
	}
	slices.SortFunc(out, func(a, b Pod) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID)) })
	return out
}

// Acknowledge that pods of a policy are counted. One that has only ended is not
// kept again when it is deleted.
func (l *Ledger) Acknowledge(policy types.NamespacedName, pods []types.UID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.policies[policy]
	if a == nil {
		return
	}
	for _, uid := range pods {
		if pod, ok := a.gone[uid]; ok && !pod.Deleted {
			a.ended[uid] = true
		}
		delete(a.gone, uid)
	}
}

// Forget a policy that was deleted.
func (l *Ledger) Forget(policy types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.policies, policy)
}

func (l *Ledger) of(policy types.NamespacedName) *account {
	if l.policies == nil {
		l.policies = map[types.NamespacedName]*account{}
	}
	a := l.policies[policy]
	if a == nil {
		a = &account{gone: map[types.UID]Pod{}, ended: map[types.UID]bool{}}
		l.policies[policy] = a
	}
	return a
}
