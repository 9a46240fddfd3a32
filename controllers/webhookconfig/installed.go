package webhookconfig

import (
	"cmp"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Installed says whether the API server calls this server for the pods of the
// policy as it is now, and trusts its certificate: whether the policy's entry
// is exactly the one that it should have.
func Installed(configuration *admissionv1.MutatingWebhookConfiguration, policy *v1alpha1.ProgressSyncPolicy, server Server) bool {
	if configuration == nil || configuration.DeletionTimestamp != nil {
		return false
	}
	existing := entryOf(configuration, policy)
	if existing == nil {
		return false
	}
	wanted := entry(policy, server)
	return equality.Semantic.DeepEqual(*existing, wanted)
}

// Changed are the policies whose entries differ between two states of a
// configuration; nil is one that is not there. They are sorted.
func Changed(before, after *admissionv1.MutatingWebhookConfiguration) []types.NamespacedName {
	was, is := map[string]*admissionv1.MutatingWebhook{}, map[string]*admissionv1.MutatingWebhook{}
	if before != nil {
		was = ownEntries(before)
	}
	if after != nil {
		is = ownEntries(after)
	}
	var out []types.NamespacedName
	add := func(entry string) {
		if policy, own := policyOf(entry); own {
			out = append(out, policy)
		}
	}
	for name, e := range is {
		if old := was[name]; old == nil || !equality.Semantic.DeepEqual(e, old) {
			add(name)
		}
	}
	for name := range was {
		if is[name] == nil {
			add(name)
		}
	}
	slices.SortFunc(out, func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out
}
