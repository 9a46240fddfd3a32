package webhookconfig

import (
	"cmp"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
)

// maxPolicies of a namespace that have entries.
const maxPolicies = 100

// plan of a configuration: which of its policies have an entry. It does not
// depend on the order in which it is given them.
type plan struct {
	// kept in the order of their entries' names.
	kept []*v1alpha1.ProgressSyncPolicy
	// namespaces of which some have none.
	left map[string]Limit
}

// candidate for an entry.
type candidate struct {
	policy *v1alpha1.ProgressSyncPolicy
	bytes  int
	// upTo are the bytes of this and of all older policies of the namespace.
	upTo int
}

// planFor all the policies of one configuration. Of each namespace the oldest
// maxPolicies are candidates. If they take more than maxBytes together, those
// go that reach furthest into their namespace's bytes: the namespaces that take
// the most give way, down to where all fit, and each keeps its oldest.
func planFor(policies []v1alpha1.ProgressSyncPolicy, server Server) plan {
	room := reserved(server)
	var candidates []candidate
	namespaces := byNamespace(policies, server.Namespace)
	for _, own := range namespaces {
		upTo := 0
		for _, policy := range own[:min(len(own), maxPolicies)] {
			bytes := entryBytes(policy, room)
			upTo += bytes
			candidates = append(candidates, candidate{policy, bytes, upTo})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(a.upTo, b.upTo),
			a.policy.CreationTimestamp.Compare(b.policy.CreationTimestamp.Time),
			strings.Compare(EntryName(a.policy), EntryName(b.policy)),
		)
	})

	var p plan
	total, kept := baseBytes, map[string]int{}
	for _, c := range candidates {
		if total+c.bytes > maxBytes {
			break
		}
		total += c.bytes
		p.kept = append(p.kept, c.policy)
		kept[c.policy.Namespace]++
	}
	slices.SortFunc(p.kept, func(a, b *v1alpha1.ProgressSyncPolicy) int {
		return strings.Compare(EntryName(a), EntryName(b))
	})
	for namespace, own := range namespaces {
		if n := kept[namespace]; n < len(own) {
			if p.left == nil {
				p.left = map[string]Limit{}
			}
			p.left[namespace] = Limit{
				Namespace: namespace, Policies: len(own), Kept: n,
				Full: n < maxPolicies, Configuration: NameFor(namespace),
			}
		}
	}
	return p
}

// byNamespace are the policies that may have an entry, the oldest of each
// namespace first.
func byNamespace(policies []v1alpha1.ProgressSyncPolicy, operatorNamespace string) map[string][]*v1alpha1.ProgressSyncPolicy {
	out := map[string][]*v1alpha1.ProgressSyncPolicy{}
	for i := range policies {
		if policy := &policies[i]; Entitled(policy, operatorNamespace) {
			out[policy.Namespace] = append(out[policy.Namespace], policy)
		}
	}
	for _, own := range out {
		slices.SortFunc(own, func(a, b *v1alpha1.ProgressSyncPolicy) int {
			if selection.Older(a, b) {
				return -1
			}
			return 1
		})
	}
	return out
}
