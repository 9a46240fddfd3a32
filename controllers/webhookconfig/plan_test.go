package webhookconfig

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// certificate of a size that a CA has, as PEM.
func pemOf(bytes int) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: make([]byte, bytes)})
}

var withCA = Server{Namespace: "progress-sync", Service: "progress-sync-webhook", CABundle: pemOf(420)}

// several policies of a namespace, each a minute younger than the one before.
func several(namespace string, n int) []v1alpha1.ProgressSyncPolicy {
	var out []v1alpha1.ProgressSyncPolicy
	for i := range n {
		out = append(out, *fixture.NewPolicy(namespace, fmt.Sprintf("lms-%04d", i)).Created(time.Duration(i) * time.Minute).Build())
	}
	return out
}

// wide policy, whose selector takes about so many bytes.
func wide(namespace, name string, size int) *fixture.Policy {
	return fixture.NewPolicy(namespace, name).With(func(p *v1alpha1.ProgressSyncPolicy) {
		var values []string
		for i := range size / 50 {
			values = append(values, fmt.Sprintf("%048d", i))
		}
		p.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: values}}
	})
}

// keptOf each namespace.
func keptOf(p plan) map[string][]string {
	out := map[string][]string{}
	for _, policy := range p.kept {
		out[policy.Namespace] = append(out[policy.Namespace], policy.Name)
	}
	return out
}

func TestWhichPoliciesAreLeftOut(t *testing.T) {
	crowd := func(namespaces, each int) []v1alpha1.ProgressSyncPolicy {
		var out []v1alpha1.ProgressSyncPolicy
		for i := range namespaces {
			out = append(out, several(fmt.Sprintf("tenant-%03d", i), each)...)
		}
		return out
	}
	cases := map[string]struct {
		policies  []v1alpha1.ProgressSyncPolicy
		namespace string
		kept      int
		says      string
	}{
		"none of few": {several("campus", 3), "campus", 3, ""},
		"none of as many as a namespace may have":              {several("campus", 100), "campus", 100, ""},
		"the youngest beyond that":                             {several("campus", 1000), "campus", 100, "namespace campus has 1000 policies, and the oldest 100 of a namespace count"},
		"none of another namespace for it":                     {append(several("campus", 1000), several("academy", 40)...), "academy", 40, ""},
		"none of 400 that are spread, although one is a crowd": {append(crowd(40, 10), several("campus", 1000)...), "tenant-017", 10, ""},
		"of the largest namespaces first":                      {append(crowd(130, 5), several("campus", 90)...), "tenant-129", 5, ""},
		"so that the largest keeps what is left":               {append(crowd(130, 5), several("campus", 90)...), "campus", 71, "has no room for more than the 71 oldest of the 90 policies of namespace campus"},
		"equally, where all are alike":                         {crowd(9, 90), "tenant-003", 80, "has no room for more than the 80 oldest of the 90"},
		"one whose selector is as large as all":                {append(crowd(40, 10), *wide("campus", "lms", 1_400_000).Build()), "campus", 0, "has no room for more than the 0 oldest of the 1"},
		"none for one whose selector is as large as all":       {append(crowd(40, 10), *wide("campus", "lms", 1_400_000).Build()), "tenant-003", 10, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := planFor(c.policies, withCA)
			var want []string
			for i := range c.kept {
				want = append(want, fmt.Sprintf("lms-%04d", i))
			}
			if diff := cmp.Diff(want, keptOf(p)[c.namespace]); diff != "" {
				t.Errorf("entries of %s (-want +got):\n%s", c.namespace, diff)
			}
			limit, limited := p.left[c.namespace]
			if limited != (c.says != "") || !strings.Contains(limit.String(), c.says) {
				t.Errorf("it says %q, want %q", limit, c.says)
			}
		})
	}
}

func TestLimitOfAPolicy(t *testing.T) {
	policies := several("campus", 103)
	for name, c := range map[string]struct {
		policy  *v1alpha1.ProgressSyncPolicy
		limited bool
	}{
		"the oldest":                 {&policies[0], false},
		"the last that counts":       {&policies[99], false},
		"the first that does not":    {&policies[100], true},
		"the youngest":               {&policies[102], true},
		"one that can have no entry": {fixture.NewPolicy("campus", "bad").Created(time.Hour).Selects("app", "not a label value").Build(), false},
		"one of the refused":         {fixture.NewPolicy("kube-system", "lms").Build(), false},
	} {
		t.Run(name, func(t *testing.T) {
			if limit := LimitOf(c.policy, policies, withCA); (limit != nil) != c.limited {
				t.Errorf("limit: %v", limit)
			}
		})
	}
}

// world of policies of one configuration, with namespaces of all sizes; a large one has no
// room for all.
func world(t *rapid.T, large bool) []v1alpha1.ProgressSyncPolicy {
	var out []v1alpha1.ProgressSyncPolicy
	size, namespaces, most := rapid.IntRange(0, 100), rapid.IntRange(1, 20), rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 150))
	if large {
		size, namespaces, most = rapid.Just(5_000), rapid.IntRange(3, 6), rapid.IntRange(80, 150)
	}
	for i := range namespaces.Draw(t, "namespaces") {
		namespace := fmt.Sprintf("tenant-%d", i)
		n := most.Draw(t, "policies")
		size := size.Draw(t, "bytes of a selector")
		selector := wide(namespace, "lms", size).Build().Spec.Selector
		for j := range n {
			policy := fixture.NewPolicy(namespace, fmt.Sprintf("lms-%d", j)).Created(time.Duration(j%7) * time.Minute)
			policy.With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Selector = selector })
			out = append(out, *policy.Build())
		}
	}
	return out
}

// sizeOf what was kept, with the bytes of the CAs that are reserved.
func sizeOf(kept []*v1alpha1.ProgressSyncPolicy, server Server) int {
	total := baseBytes
	for _, policy := range kept {
		total += entryBytes(policy, reserved(server))
	}
	return total
}

// TestInWhateverWorldTheEntriesAreThoseThatTheyShouldBe asks all of each world, which takes
// longer to make than to ask.
func TestInWhateverWorldTheEntriesAreThoseThatTheyShouldBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		theEntriesAreThoseThatTheyShouldBe(t, world(t, false), rapid.Uint64().Draw(t, "seed"))
	})
	large := rapid.Custom(func(t *rapid.T) []v1alpha1.ProgressSyncPolicy { return world(t, true) })
	full := 0
	for seed := range 4 {
		if p := theEntriesAreThoseThatTheyShouldBe(t, large.Example(seed), uint64(seed)); isFull(p) {
			full++
		}
	}
	if full == 0 {
		t.Error("there was room for all in each world: the test shows little")
	}
}

func isFull(p plan) bool {
	for _, limit := range p.left {
		if limit.Full {
			return true
		}
	}
	return false
}

// theEntriesAreThoseThatTheyShouldBe shuffles the policies in the end, to whose places the
// plan points.
func theEntriesAreThoseThatTheyShouldBe(t rapid.TB, policies []v1alpha1.ProgressSyncPolicy, seed uint64) plan {
	p := planFor(policies, withCA)
	noConfigurationIsTooLarge(t, p)
	aNamespaceWithinItsShareLosesNothing(t, policies, p)
	aNamespaceKeepsItsOldest(t, policies, p)
	theOrderOfThePoliciesDoesNotMatter(t, policies, p, seed)
	return p
}

func noConfigurationIsTooLarge(t rapid.TB, p plan) {
	if size := sizeOf(p.kept, withCA); size > maxBytes {
		t.Fatalf("%d bytes", size)
	}
}

// A namespace that takes no more than its share of the room, all namespaces
// being equal, loses nothing, whatever the others do.
func aNamespaceWithinItsShareLosesNothing(t rapid.TB, policies []v1alpha1.ProgressSyncPolicy, p plan) {
	namespaces := byNamespace(policies, withCA.Namespace)
	for namespace, own := range namespaces {
		size := sizeOf(own, withCA) - baseBytes
		if _, limited := p.left[namespace]; limited && len(own) <= maxPolicies && size <= (maxBytes-baseBytes)/len(namespaces) {
			t.Fatalf("namespace %s, %d bytes in %d policies, has only %d of %d entries", namespace, size, len(own), len(keptOf(p)[namespace]), len(own))
		}
	}
}

func aNamespaceKeepsItsOldest(t rapid.TB, policies []v1alpha1.ProgressSyncPolicy, p plan) {
	kept := map[*v1alpha1.ProgressSyncPolicy]bool{}
	for _, policy := range p.kept {
		kept[policy] = true
	}
	for namespace, own := range byNamespace(policies, withCA.Namespace) {
		young := false
		for _, policy := range own {
			if kept[policy] && young {
				t.Fatalf("%s of %s has an entry, and an older one has none", policy.Name, namespace)
			}
			young = young || !kept[policy]
		}
	}
}

// theOrderOfThePoliciesDoesNotMatter changes that of the policies, to whose places p points.
func theOrderOfThePoliciesDoesNotMatter(t rapid.TB, policies []v1alpha1.ProgressSyncPolicy, p plan, seed uint64) {
	want := keptOf(p)
	rand.New(rand.NewPCG(seed, seed)).Shuffle(len(policies), func(i, j int) { policies[i], policies[j] = policies[j], policies[i] })
	if diff := cmp.Diff(want, keptOf(planFor(policies, withCA))); diff != "" {
		t.Fatalf("another order, other entries:\n%s", diff)
	}
}

// While a CA is replaced there are two in the bundle, and the one that comes may
// be a little longer: nobody may lose an entry for it.
func TestAnotherCAMovesNoEntry(t *testing.T) {
	before, after := withCA, withCA
	after.CABundle = append(pemOf(423), before.CABundle...)
	alone := withCA
	alone.CABundle = pemOf(423)
	policies := slices.Concat(several("campus", 100), several("academy", 100), several("college", 100), several("school", 100),
		several("faculty", 100), several("institute", 100), several("seminar", 100), several("lyceum", 100))
	want := keptOf(planFor(policies, before))
	for name, server := range map[string]Server{"both": after, "the new one alone": alone} {
		if diff := cmp.Diff(want, keptOf(planFor(policies, server))); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
	if len(keptOf(planFor(policies, withCA))["campus"]) == 100 {
		t.Error("there was room for all: the test shows nothing")
	}
	if bytes.Equal(before.CABundle, alone.CABundle) {
		t.Error("both are the same")
	}
}
