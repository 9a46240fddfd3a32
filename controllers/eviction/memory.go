package eviction

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// memory of a leader. The next leader begins without: it waits until it has
// seen each entry for a while, and then for the pods to be ready.
type memory struct {
	policies map[types.NamespacedName]*known
	// held back owners, and until when.
	held map[types.UID]time.Time
}

// known of a policy.
type known struct {
	installedSince time.Time
	last           Eviction
	// toldOf the pod that made the evictions stop.
	toldOf types.UID
}

func (m *memory) of(policy types.NamespacedName) *known {
	if m.policies == nil {
		m.policies = map[types.NamespacedName]*known{}
	}
	if m.policies[policy] == nil {
		m.policies[policy] = &known{}
	}
	return m.policies[policy]
}

func (m *memory) forget(policy types.NamespacedName) { delete(m.policies, policy) }

// seen whether the entry is installed.
func (k *known) seen(installed bool, now time.Time) {
	switch {
	case !installed:
		k.installedSince = time.Time{}
	case k.installedSince.IsZero():
		k.installedSince = now
	}
}

func (m *memory) holdBack(owner types.UID, now time.Time) {
	if m.held == nil {
		m.held = map[types.UID]time.Time{}
	}
	m.held[owner] = now.Add(heldBackFor)
}

// busy owners, as seen from one policy: those of other policies' evictions, and
// those that are held back.
func (m *memory) busy(policy types.NamespacedName, now time.Time) map[types.UID]bool {
	out := map[types.UID]bool{}
	for other, known := range m.policies {
		if other != policy && known.last.Owner != "" {
			out[known.last.Owner] = true
		}
	}
	for owner, until := range m.held {
		if now.Before(until) {
			out[owner] = true
		} else {
			delete(m.held, owner)
		}
	}
	return out
}
