package webhookconfig

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestInstalled(t *testing.T) {
	policy := fixture.NewPolicy("campus", "lms")
	rotated, moved := server, server
	rotated.CABundle = []byte("another CA")
	moved.Service = "another-webhook"
	cases := map[string]struct {
		policy *fixture.Policy
		server Server
		change func(*admissionv1.MutatingWebhook)
		want   bool
	}{
		"the policy it was built from":      {policy, server, nil, true},
		"another policy":                    {fixture.NewPolicy("academy", "lms"), server, nil, false},
		"the policy's selector changed":     {fixture.NewPolicy("campus", "lms").Selects("app", "next"), server, nil, false},
		"the failure policy changed":        {fixture.NewPolicy("campus", "lms").FailurePolicy(v1alpha1.FailurePolicyFail), server, nil, false},
		"a change that is not its matter":   {fixture.NewPolicy("campus", "lms").Port(9000), server, nil, true},
		"the CA was replaced":               {policy, rotated, nil, false},
		"the Service has another name":      {policy, moved, nil, false},
		"somebody made the timeout longer":  {policy, server, func(e *admissionv1.MutatingWebhook) { e.TimeoutSeconds = ptr.To[int32](30) }, false},
		"somebody sends it to another path": {policy, server, func(e *admissionv1.MutatingWebhook) { e.ClientConfig.Service.Path = ptr.To("/") }, false},
		"somebody narrowed it": {policy, server, func(e *admissionv1.MutatingWebhook) {
			e.MatchConditions = []admissionv1.MatchCondition{{Name: "never", Expression: "false"}}
		}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			configuration := built(server, policy, fixture.NewPolicy("campus", "other"))
			if c.change != nil {
				c.change(&configuration.Webhooks[0])
			}
			if got := Installed(configuration, c.policy.Build(), c.server); got != c.want {
				t.Errorf("installed %t", got)
			}
		})
	}
	if Installed(nil, policy.Build(), server) {
		t.Error("installed without a configuration")
	}
	going := built(server, policy)
	going.DeletionTimestamp = ptr.To(metav1.Now())
	if Installed(going, policy.Build(), server) {
		t.Error("installed in a configuration that is being deleted")
	}
}

func TestWhatApplyingWouldChange(t *testing.T) {
	wanted := func() *admissionv1.MutatingWebhookConfiguration {
		return built(server, fixture.NewPolicy("campus", "lms"), fixture.NewPolicy("campus", "other"))
	}
	for name, c := range map[string]struct {
		change func(*admissionv1.MutatingWebhookConfiguration)
		same   bool
	}{
		"nothing":                  {func(*admissionv1.MutatingWebhookConfiguration) {}, true},
		"not the order of entries": {func(c *admissionv1.MutatingWebhookConfiguration) { slices.Reverse(c.Webhooks) }, true},
		"not an entry of somebody else": {func(c *admissionv1.MutatingWebhookConfiguration) {
			c.Webhooks = append(c.Webhooks, admissionv1.MutatingWebhook{Name: "a.example.org"})
		}, true},
		"not a label of somebody else": {func(c *admissionv1.MutatingWebhookConfiguration) { c.Labels["team"] = "platform" }, true},
		"a label that is gone":         {func(c *admissionv1.MutatingWebhookConfiguration) { clear(c.Labels) }, false},
		"an owner": {func(c *admissionv1.MutatingWebhookConfiguration) {
			c.OwnerReferences = []metav1.OwnerReference{{UID: "old"}}
		}, false},
		"an entry that is missing": {func(c *admissionv1.MutatingWebhookConfiguration) { c.Webhooks = c.Webhooks[1:] }, false},
		"an entry that is too many": {func(c *admissionv1.MutatingWebhookConfiguration) {
			c.Webhooks = append(c.Webhooks, built(server, fixture.NewPolicy("campus", "gone")).Webhooks...)
		}, false},
		"a CA": {func(c *admissionv1.MutatingWebhookConfiguration) { c.Webhooks[1].ClientConfig.CABundle = []byte("old") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			existing := wanted()
			c.change(existing)
			if got := same(existing, wanted()); got != c.same {
				t.Errorf("same %t", got)
			}
		})
	}
}

func TestWhoseEntriesChanged(t *testing.T) {
	policy := func(name string) *fixture.Policy { return fixture.NewPolicy("campus", name) }
	key := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "campus", Name: name} }
	before := built(server, policy("stays"), policy("goes"), policy("moves"))
	after := built(server, policy("stays"), policy("moves").Selects("app", "next"), policy("comes"))
	after.Webhooks = append(after.Webhooks, admissionv1.MutatingWebhook{Name: "a.example.org"})
	for name, c := range map[string]struct {
		before, after *admissionv1.MutatingWebhookConfiguration
		want          []types.NamespacedName
	}{
		"those that came, went or differ":  {before, after, []types.NamespacedName{key("comes"), key("goes"), key("moves")}},
		"nobody's where nothing differs":   {before, before, nil},
		"everybody's of one that is new":   {nil, before, []types.NamespacedName{key("goes"), key("moves"), key("stays")}},
		"everybody's of one that was lost": {before, nil, []types.NamespacedName{key("goes"), key("moves"), key("stays")}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Changed(c.before, c.after)); diff != "" {
				t.Errorf("policies (-want +got):\n%s", diff)
			}
		})
	}
}
