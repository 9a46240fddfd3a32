package webhookconfig

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// Installed says whether the API server calls the operator for the pods of the
// policy as it is now.
func Installed(configuration *admissionv1.MutatingWebhookConfiguration, policy *v1alpha1.ProgressSyncPolicy) bool {
	if configuration == nil || configuration.DeletionTimestamp != nil {
		return false
	}
	for i := range configuration.Webhooks {
		entry := &configuration.Webhooks[i]
		if entry.Name != EntryName(policy) {
			continue
		}
		return entry.ObjectSelector != nil &&
			equality.Semantic.DeepEqual(*entry.ObjectSelector, policy.Spec.Selector) &&
			entry.FailurePolicy != nil && *entry.FailurePolicy == failurePolicy(policy)
	}
	return false
}
