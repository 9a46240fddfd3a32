package webhookconfig

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var server = Server{Namespace: "progress-sync", Service: "progress-sync-webhook", CABundle: []byte("the CA")}

// built is what the API server would hold after Build was applied.
func built(t *testing.T, server Server, policies ...*fixture.Policy) *admissionv1.MutatingWebhookConfiguration {
	t.Helper()
	var list []v1alpha1.ProgressSyncPolicy
	for _, p := range policies {
		list = append(list, *p.Build())
	}
	text, err := json.Marshal(Build(list, server))
	if err != nil {
		t.Fatal(err)
	}
	var out admissionv1.MutatingWebhookConfiguration
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return &out
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
		TimeoutSeconds:          ptr.To[int32](5),
		AdmissionReviewVersions: []string{"v1"},
	}
	if diff := cmp.Diff([]admissionv1.MutatingWebhook{want}, built(t, server, policy).Webhooks); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestWhichPoliciesGetAnEntry(t *testing.T) {
	configuration := built(t, server,
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

func TestNoPolicyNoEntry(t *testing.T) {
	if got := built(t, server).Webhooks; len(got) != 0 {
		t.Errorf("%d entries", len(got))
	}
}

func TestAnOperatorOutsideTheClusterIsCalledByURL(t *testing.T) {
	config := built(t, Server{Namespace: "progress-sync", URL: "https://127.0.0.1:9443/"}, fixture.NewPolicy("campus", "lms")).Webhooks[0].ClientConfig
	if diff := cmp.Diff(admissionv1.WebhookClientConfig{URL: ptr.To("https://127.0.0.1:9443/inject/campus/lms")}, config); diff != "" {
		t.Errorf("client config (-want +got):\n%s", diff)
	}
}

func TestEntryNamesAreValidAndDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(which string) (namespace, name string) {
			return rapid.StringMatching(`[a-z]([a-z-]{0,61}[a-z])?`).Draw(t, which+" namespace"),
				rapid.StringMatching(`[a-z]([a-z.]{0,20}[a-z])?`).Filter(func(s string) bool { return !strings.Contains(s, "..") }).Draw(t, which+" name")
		}
		namespaceA, nameA := draw("a")
		namespaceB, nameB := draw("b")
		a := EntryName(fixture.NewPolicy(namespaceA, nameA).Build())
		b := EntryName(fixture.NewPolicy(namespaceB, nameB).Build())
		if problems := validation.IsDNS1123Subdomain(a); len(problems) > 0 {
			t.Fatalf("%s: %s", a, problems)
		}
		if (a == b) != (namespaceA == namespaceB && nameA == nameB) {
			t.Fatalf("%s/%s is %s, %s/%s is %s", namespaceA, nameA, a, namespaceB, nameB, b)
		}
	})
}

func TestInstalled(t *testing.T) {
	policy := fixture.NewPolicy("campus", "lms")
	configuration := built(t, server, policy, fixture.NewPolicy("campus", "other"))
	cases := map[string]struct {
		policy *fixture.Policy
		want   bool
	}{
		"the policy it was built from":    {policy, true},
		"another policy":                  {fixture.NewPolicy("academy", "lms"), false},
		"the policy's selector changed":   {fixture.NewPolicy("campus", "lms").Selects("app", "next"), false},
		"the failure policy changed":      {fixture.NewPolicy("campus", "lms").FailurePolicy(v1alpha1.FailurePolicyFail), false},
		"a change that is not its matter": {fixture.NewPolicy("campus", "lms").Port(9000), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Installed(configuration, c.policy.Build()); got != c.want {
				t.Errorf("installed %t", got)
			}
		})
	}
	if Installed(nil, policy.Build()) {
		t.Error("installed without a configuration")
	}
	slices.Reverse(configuration.Webhooks)
	if !Installed(configuration, policy.Build()) {
		t.Error("the order of the entries matters")
	}
}
