package webhookconfig

import (
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyadmissionv1 "k8s.io/client-go/applyconfigurations/admissionregistration/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// build returns the configuration of that name for these policies, which are
// all of its own. Policies that can have no entry are left out.
func build(name string, policies []v1alpha1.ProgressSyncPolicy, server Server, owner *metav1.OwnerReference) *admissionv1.MutatingWebhookConfiguration {
	out := &admissionv1.MutatingWebhookConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "MutatingWebhookConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: ownLabels()},
	}
	if owner != nil {
		out.OwnerReferences = []metav1.OwnerReference{*owner}
	}
	for _, policy := range planFor(policies, server).kept {
		out.Webhooks = append(out.Webhooks, entry(policy, server))
	}
	return out
}

// applicable form of a configuration: the same fields and no others.
func applicable(configuration *admissionv1.MutatingWebhookConfiguration) (*applyadmissionv1.MutatingWebhookConfigurationApplyConfiguration, error) {
	text, err := json.Marshal(configuration)
	if err != nil {
		return nil, fmt.Errorf("encoding MutatingWebhookConfiguration %s: %w", configuration.Name, err)
	}
	var out applyadmissionv1.MutatingWebhookConfigurationApplyConfiguration
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("decoding MutatingWebhookConfiguration %s: %w", configuration.Name, err)
	}
	return &out, nil
}

// same says whether applying what is wanted would change nothing. Labels and
// entries of others do not matter.
func same(existing, wanted *admissionv1.MutatingWebhookConfiguration) bool {
	for key, value := range wanted.Labels {
		if existing.Labels[key] != value {
			return false
		}
	}
	if !equality.Semantic.DeepEqual(existing.OwnerReferences, wanted.OwnerReferences) {
		return false
	}
	entries := ownEntries(existing)
	if len(entries) != len(wanted.Webhooks) {
		return false
	}
	for i := range wanted.Webhooks {
		w := &wanted.Webhooks[i]
		if e := entries[w.Name]; e == nil || !equality.Semantic.DeepEqual(e, w) {
			return false
		}
	}
	return true
}

// ownEntries of a configuration by name.
func ownEntries(configuration *admissionv1.MutatingWebhookConfiguration) map[string]*admissionv1.MutatingWebhook {
	out := make(map[string]*admissionv1.MutatingWebhook, len(configuration.Webhooks))
	for i := range configuration.Webhooks {
		e := &configuration.Webhooks[i]
		if _, own := policyOf(e.Name); own {
			out[e.Name] = e
		}
	}
	return out
}

// entryOf a policy, nil if there is none.
func entryOf(configuration *admissionv1.MutatingWebhookConfiguration, policy *v1alpha1.ProgressSyncPolicy) *admissionv1.MutatingWebhook {
	name := EntryName(policy)
	for i := range configuration.Webhooks {
		if configuration.Webhooks[i].Name == name {
			return &configuration.Webhooks[i]
		}
	}
	return nil
}
