package eviction

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// memory of a leader. The next leader begins without it, and waits until it has
// seen each entry for a while and the pods are ready.
type memory struct {
	policies map[types.NamespacedName]*known
	// backoff is until when an owner is left alone.
	backoff map[types.UID]time.Time
}

// known of a policy.
type known struct {
	installedSince time.Time
	last           Eviction
	// toldOf is the pod that made the evictions stop and that an event has named.
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

// seen notes whether the entry is installed.
func (k *known) seen(installed bool, now time.Time) {
	switch {
	case !installed:
		k.installedSince = time.Time{}
	case k.installedSince.IsZero():
		k.installedSince = now
	}
}

func (m *memory) backOff(owner types.UID, now time.Time) {
	if m.backoff == nil {
		m.backoff = map[types.UID]time.Time{}
	}
	m.backoff[owner] = now.Add(backoff)
}

// busy owners, for one policy: those of other policies' evictions, and those in
// their backoff.
func (m *memory) busy(policy types.NamespacedName, now time.Time) map[types.UID]bool {
	out := map[types.UID]bool{}
	for other, known := range m.policies {
		if other != policy && known.last.Owner != "" {
			out[known.last.Owner] = true
		}
	}
	for owner, until := range m.backoff {
		if now.Before(until) {
			out[owner] = true
		} else {
			delete(m.backoff, owner)
		}
	}
	return out
}
