package webhookconfig

import (
	"fmt"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Limit is why some policies of a namespace have no entry.
type Limit struct {
	Namespace string
	// Policies that the namespace has, and how many of them, the oldest, have
	// entries.
	Policies, Kept int
	// Full: the configuration has no room for more, although the namespace has
	// not reached its own limit.
	Full          bool
	Configuration string
}

// String says what is wrong and what to do.
func (l Limit) String() string {
	const remedy = "delete policies, or select the pods of several apps with one; the next oldest then takes its place"
	if l.Full {
		return fmt.Sprintf("pods created now get no sidecar from this policy: webhook configuration %s has no room for more than the %d oldest of the %d policies of namespace %s; %s",
			l.Configuration, l.Kept, l.Policies, l.Namespace, remedy)
	}
	return fmt.Sprintf("pods created now get no sidecar from this policy: namespace %s has %d policies, and the oldest %d of a namespace count; %s",
		l.Namespace, l.Policies, maxPolicies, remedy)
}

// LimitOf a policy: nil if it has an entry or can have none for another reason.
// Policies are all those of its configuration.
func LimitOf(policy *v1alpha1.ProgressSyncPolicy, policies []v1alpha1.ProgressSyncPolicy, server Server) *Limit {
	if !Entitled(policy, server.Namespace) {
		return nil
	}
	p := planFor(policies, server)
	for _, kept := range p.kept {
		if kept.Namespace == policy.Namespace && kept.Name == policy.Name {
			return nil
		}
	}
	if limit, ok := p.left[policy.Namespace]; ok {
		return &limit
	}
	return nil
}
