package webhookconfig

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var server = Server{Namespace: "progress-sync", Service: "progress-sync-webhook", CABundle: []byte("the CA")}

// objects that were built.
func objects(policies ...*fixture.Policy) []v1alpha1.ProgressSyncPolicy {
	var list []v1alpha1.ProgressSyncPolicy
	for _, p := range policies {
		list = append(list, *p.Build())
	}
	return list
}

// built configuration for these policies, whatever their namespaces.
func built(server Server, policies ...*fixture.Policy) *admissionv1.MutatingWebhookConfiguration {
	return build("progress-sync-00", objects(policies...), server, nil)
}

func TestOneEntryAPolicy(t *testing.T) {
	policy := fixture.NewPolicy("campus", "lms").FailurePolicy(v1alpha1.FailurePolicyFail).
		With(func(p *v1alpha1.ProgressSyncPolicy) {
			p.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{
				{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"web", "worker"}},
			}
		})
	want := admissionv1.MutatingWebhook{
		Name: "lms.campus.pods.progresssync.dev",
		ClientConfig: admissionv1.WebhookClientConfig{
			CABundle: []byte("the CA"),
			Service: &admissionv1.ServiceReference{
				Namespace: "progress-sync", Name: "progress-sync-webhook",
				Port: ptr.To[int32](443), Path: ptr.To("/inject/campus/lms"),
			},
		},
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "campus"}},
		ObjectSelector: &metav1.LabelSelector{
			MatchLabels: map[string]string{"app": "lms"},
			MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"web", "worker"}},
			},
		},
		Rules: []admissionv1.RuleWithOperations{{
			Operations: []admissionv1.OperationType{admissionv1.Create},
			Rule: admissionv1.Rule{
				APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"},
				Scope: ptr.To(admissionv1.NamespacedScope),
			},
		}},
		MatchPolicy:             ptr.To(admissionv1.Equivalent),
		FailurePolicy:           ptr.To(admissionv1.Fail),
		ReinvocationPolicy:      ptr.To(admissionv1.IfNeededReinvocationPolicy),
		SideEffects:             ptr.To(admissionv1.SideEffectClassNoneOnDryRun),
		TimeoutSeconds:          ptr.To[int32](2),
		AdmissionReviewVersions: []string{"v1"},
	}
	if diff := cmp.Diff([]admissionv1.MutatingWebhook{want}, built(server, policy).Webhooks); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestWhichPoliciesGetAnEntry(t *testing.T) {
	configuration := built(server,
		fixture.NewPolicy("campus", "lms"),
		fixture.NewPolicy("academy", "lms"),
		fixture.NewPolicy("kube-system", "lms"),
		fixture.NewPolicy("progress-sync", "lms"),
		fixture.NewPolicy("campus", "empty").With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Selector = metav1.LabelSelector{} }),
		fixture.NewPolicy("campus", "bad").Selects("app", "not a label value"),
		fixture.NewPolicy("campus", "going").With(func(p *v1alpha1.ProgressSyncPolicy) { p.DeletionTimestamp = ptr.To(metav1.Now()) }),
	)
	var names []string
	for _, entry := range configuration.Webhooks {
		names = append(names, entry.Name)
	}
	want := []string{"lms.academy.pods.progresssync.dev", "lms.campus.pods.progresssync.dev"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestAnOperatorOutsideTheClusterIsCalledByURL(t *testing.T) {
	config := built(Server{Namespace: "progress-sync", URL: "https://127.0.0.1:9443/"}, fixture.NewPolicy("campus", "lms")).Webhooks[0].ClientConfig
	if diff := cmp.Diff(admissionv1.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:9443/inject/campus/lms")}, config); diff != "" {
		t.Errorf("client config (-want +got):\n%s", diff)
	}
}
