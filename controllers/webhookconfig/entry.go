package webhookconfig

import (
	"net/url"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
)

// timeoutSeconds of a call. Injection takes milliseconds; a pod should not wait
// long for a replica that hangs.
const timeoutSeconds = 2

// Server is where the API server finds the operator.
type Server struct {
	// Namespace and Service of the operator.
	Namespace string
	Service   string
	// Port of the Service, 443 if zero.
	Port int32
	// URL takes the place of the Service for an operator outside the cluster,
	// such as https://127.0.0.1:9443.
	URL string
	// CABundle that the API server trusts; left out if empty, so that the
	// system's roots count.
	CABundle []byte
}

// Entitled says whether the policy gets an entry. One bad entry would make the
// API server refuse all of its configuration, so a selector that is not valid
// gets none.
func Entitled(policy *v1alpha1.ProgressSyncPolicy, operatorNamespace string) bool {
	if policy.DeletionTimestamp != nil || selection.NamespaceRefused(policy.Namespace, operatorNamespace) {
		return false
	}
	_, err := selection.Selector(policy)
	return err == nil
}

// Path that the API server calls for a policy.
func Path(policy *v1alpha1.ProgressSyncPolicy) string {
	return "/inject/" + url.PathEscape(policy.Namespace) + "/" + url.PathEscape(policy.Name)
}

// entry of a policy. It sets every field that the API server would default, so
// that it can be compared with what is there.
func entry(policy *v1alpha1.ProgressSyncPolicy, server Server) admissionv1.MutatingWebhook {
	return admissionv1.MutatingWebhook{
		Name:         EntryName(policy),
		ClientConfig: clientConfig(policy, server),
		NamespaceSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{corev1.LabelMetadataName: policy.Namespace},
		},
		ObjectSelector: &policy.Spec.Selector,
		Rules: []admissionv1.RuleWithOperations{{
			Operations: []admissionv1.OperationType{admissionv1.Create},
			Rule: admissionv1.Rule{
				APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"},
				Scope: ptr.To(admissionv1.NamespacedScope),
			},
		}},
		MatchPolicy:   ptr.To(admissionv1.Equivalent),
		FailurePolicy: ptr.To(failurePolicy(policy)),
		// Where others add a native sidecar after ours, ours has to get behind it.
		ReinvocationPolicy: ptr.To(admissionv1.IfNeededReinvocationPolicy),
		// A refused injection makes an event, but not on a dry run.
		SideEffects:             ptr.To(admissionv1.SideEffectClassNoneOnDryRun),
		TimeoutSeconds:          ptr.To[int32](timeoutSeconds),
		AdmissionReviewVersions: []string{"v1"},
	}
}

func clientConfig(policy *v1alpha1.ProgressSyncPolicy, server Server) admissionv1.WebhookClientConfig {
	config := admissionv1.WebhookClientConfig{CABundle: server.CABundle}
	if server.URL != "" {
		config.URL = ptr.To(strings.TrimSuffix(server.URL, "/") + Path(policy))
		return config
	}
	port := server.Port
	if port == 0 {
		port = 443
	}
	config.Service = &admissionv1.ServiceReference{
		Namespace: server.Namespace, Name: server.Service, Port: ptr.To(port), Path: ptr.To(Path(policy)),
	}
	return config
}

func failurePolicy(policy *v1alpha1.ProgressSyncPolicy) admissionv1.FailurePolicyType {
	if policy.Spec.Injection.FailurePolicy == v1alpha1.FailurePolicyFail {
		return admissionv1.Fail
	}
	return admissionv1.Ignore
}
