package webhookconfig

import (
	"net/url"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyadmissionv1 "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
)

// Name of the configuration.
const Name = "progress-sync"

// timeoutSeconds of a call. Injection takes milliseconds; a pod should not wait
// long for an operator that does not answer.
const timeoutSeconds = 5

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

// Build returns the configuration for these policies, in an order that does
// not depend on theirs. Policies that can have no entry are left out.
func Build(policies []v1alpha1.ProgressSyncPolicy, server Server) *applyadmissionv1.MutatingWebhookConfigurationApplyConfiguration {
	configuration := applyadmissionv1.MutatingWebhookConfiguration(Name).
		WithLabels(map[string]string{
			"app.kubernetes.io/name":       "progress-sync",
			"app.kubernetes.io/managed-by": "progress-sync",
		})
	entitled := make([]*v1alpha1.ProgressSyncPolicy, 0, len(policies))
	for i := range policies {
		if Entitled(&policies[i], server.Namespace) {
			entitled = append(entitled, &policies[i])
		}
	}
	slices.SortFunc(entitled, func(a, b *v1alpha1.ProgressSyncPolicy) int {
		return strings.Compare(EntryName(a), EntryName(b))
	})
	for _, policy := range entitled {
		configuration.WithWebhooks(entry(policy, server))
	}
	return configuration
}

// Entitled says whether the policy gets an entry. One bad entry would make the
// API server refuse them all, so a selector that is not valid gets none.
func Entitled(policy *v1alpha1.ProgressSyncPolicy, operatorNamespace string) bool {
	if policy.DeletionTimestamp != nil || selection.NamespaceRefused(policy.Namespace, operatorNamespace) {
		return false
	}
	_, err := selection.Selector(policy)
	return err == nil
}

// EntryName of a policy. A namespace has no dots, so no two are the same.
func EntryName(policy *v1alpha1.ProgressSyncPolicy) string {
	return policy.Name + "." + policy.Namespace + ".pods.progresssync.dev"
}

// Path that the API server calls for a policy.
func Path(policy *v1alpha1.ProgressSyncPolicy) string {
	return "/inject/" + url.PathEscape(policy.Namespace) + "/" + url.PathEscape(policy.Name)
}

func entry(policy *v1alpha1.ProgressSyncPolicy, server Server) *applyadmissionv1.MutatingWebhookApplyConfiguration {
	return applyadmissionv1.MutatingWebhook().
		WithName(EntryName(policy)).
		WithClientConfig(clientConfig(policy, server)).
		WithNamespaceSelector(applymetav1.LabelSelector().
			WithMatchLabels(map[string]string{corev1.LabelMetadataName: policy.Namespace})).
		WithObjectSelector(labelSelector(policy.Spec.Selector)).
		WithRules(applyadmissionv1.RuleWithOperations().
			WithOperations(admissionv1.Create).
			WithAPIGroups("").WithAPIVersions("v1").WithResources("pods").
			WithScope(admissionv1.NamespacedScope)).
		WithMatchPolicy(admissionv1.Equivalent).
		WithFailurePolicy(failurePolicy(policy)).
		// Where others add a native sidecar after ours, ours has to get behind it.
		WithReinvocationPolicy(admissionv1.IfNeededReinvocationPolicy).
		// A refused injection makes an event, but not on a dry run.
		WithSideEffects(admissionv1.SideEffectClassNoneOnDryRun).
		WithTimeoutSeconds(timeoutSeconds).
		WithAdmissionReviewVersions("v1")
}

func clientConfig(policy *v1alpha1.ProgressSyncPolicy, server Server) *applyadmissionv1.WebhookClientConfigApplyConfiguration {
	config := applyadmissionv1.WebhookClientConfig()
	if len(server.CABundle) > 0 {
		config.WithCABundle(server.CABundle...)
	}
	if server.URL != "" {
		return config.WithURL(strings.TrimSuffix(server.URL, "/") + Path(policy))
	}
	port := server.Port
	if port == 0 {
		port = 443
	}
	return config.WithService(applyadmissionv1.ServiceReference().
		WithNamespace(server.Namespace).WithName(server.Service).WithPort(port).WithPath(Path(policy)))
}

func labelSelector(selector metav1.LabelSelector) *applymetav1.LabelSelectorApplyConfiguration {
	out := applymetav1.LabelSelector()
	if len(selector.MatchLabels) > 0 {
		out.WithMatchLabels(selector.MatchLabels)
	}
	for _, expression := range selector.MatchExpressions {
		out.WithMatchExpressions(applymetav1.LabelSelectorRequirement().
			WithKey(expression.Key).WithOperator(expression.Operator).WithValues(expression.Values...))
	}
	return out
}

func failurePolicy(policy *v1alpha1.ProgressSyncPolicy) admissionv1.FailurePolicyType {
	if policy.Spec.Injection.FailurePolicy == v1alpha1.FailurePolicyFail {
		return admissionv1.Fail
	}
	return admissionv1.Ignore
}
