package selection_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/selection"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestWinner(t *testing.T) {
	lms := map[string]string{"app": "lms", "tier": "web"}
	older := fixture.NewPolicy("campus", "b").Selects("app", "lms")
	younger := fixture.NewPolicy("campus", "a").Selects("tier", "web").Created(time.Second)
	cases := map[string]struct {
		policies []*fixture.Policy
		pod      map[string]string
		want     string
	}{
		"no policy, no winner":                         {nil, lms, ""},
		"the one that selects the pod":                 {[]*fixture.Policy{older, fixture.NewPolicy("campus", "other")}, lms, "b"},
		"the older of two, whatever their order":       {[]*fixture.Policy{younger, older}, lms, "b"},
		"the younger has the pods the older leaves":    {[]*fixture.Policy{older, younger}, map[string]string{"tier": "web"}, "a"},
		"the first by name of two of one moment":       {[]*fixture.Policy{older, fixture.NewPolicy("campus", "a").Selects("tier", "web")}, lms, "a"},
		"a policy that is being deleted does not win":  {[]*fixture.Policy{deleted(older), younger}, lms, "a"},
		"an empty selector selects nothing":            {[]*fixture.Policy{empty()}, lms, ""},
		"a selector that is not valid selects nothing": {[]*fixture.Policy{invalid()}, lms, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if winner := selection.Winner(build(c.policies), c.pod); winner != nil {
				got = winner.Name
			}
			if got != c.want {
				t.Errorf("winner %q, want %q", got, c.want)
			}
		})
	}
}

func TestWinnerDoesNotDependOnTheOrderOfThePolicies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var policies []v1alpha1.ProgressSyncPolicy
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-e]`), 1, 5, rapid.ID[string]).Draw(t, "names") {
			age := time.Duration(rapid.IntRange(0, 2).Draw(t, "created")) * time.Second
			policies = append(policies, *fixture.NewPolicy("campus", name).Selects("app", "lms").Created(age).Build())
		}
		pod := map[string]string{"app": "lms"}
		want := selection.Winner(policies, pod).Name
		if got := selection.Winner(rapid.Permutation(policies).Draw(t, "order"), pod).Name; got != want {
			t.Fatalf("winner %s, in another order %s", want, got)
		}
	})
}

func TestNamespacesOfTheClusterAndOfTheOperatorAreRefused(t *testing.T) {
	for namespace, want := range map[string]bool{"kube-system": true, "progress-sync": true, "campus": false, "default": false} {
		if got := selection.NamespaceRefused(namespace, "progress-sync"); got != want {
			t.Errorf("%s: refused %t", namespace, got)
		}
	}
}

func build(policies []*fixture.Policy) []v1alpha1.ProgressSyncPolicy {
	var out []v1alpha1.ProgressSyncPolicy
	for _, p := range policies {
		out = append(out, *p.Build())
	}
	return out
}

func deleted(p *fixture.Policy) *fixture.Policy {
	copied := *p
	now := metav1.Now()
	return copied.With(func(p *v1alpha1.ProgressSyncPolicy) { p.DeletionTimestamp = &now })
}

func empty() *fixture.Policy {
	return fixture.NewPolicy("campus", "empty").With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Selector = metav1.LabelSelector{} })
}

func invalid() *fixture.Policy {
	return fixture.NewPolicy("campus", "invalid").With(func(p *v1alpha1.ProgressSyncPolicy) {
		p.Spec.Selector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Near"}}}
	})
}
