package webhookconfig

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/test/fixture"
)

// drawn name of a namespace, and of a policy in it.
func drawn(t *rapid.T, which string) types.NamespacedName {
	return types.NamespacedName{
		Namespace: rapid.StringMatching(`[a-z]([a-z-]{0,61}[a-z])?`).Draw(t, which+" namespace"),
		Name: rapid.StringMatching(`[a-z]([a-z.]{0,20}[a-z])?`).
			Filter(func(s string) bool { return !strings.Contains(s, "..") }).Draw(t, which+" name"),
	}
}

func TestEntryNamesAreValidAndDifferAndNameTheirPolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawn(t, "a"), drawn(t, "b")
		entryA := EntryName(fixture.NewPolicy(a.Namespace, a.Name).Build())
		entryB := EntryName(fixture.NewPolicy(b.Namespace, b.Name).Build())
		if problems := validation.IsDNS1123Subdomain(entryA); len(problems) > 0 {
			t.Fatalf("%s: %s", entryA, problems)
		}
		if (entryA == entryB) != (a == b) {
			t.Fatalf("%s is %s, %s is %s", a, entryA, b, entryB)
		}
		if got, own := policyOf(entryA); !own || got != a {
			t.Fatalf("%s is read as %s", entryA, got)
		}
	})
}

func TestAnEntryOfSomebodyElseIsNoPolicys(t *testing.T) {
	for _, name := range []string{"sidecar.istio.io", "pods.progresssync.dev", ".pods.progresssync.dev", "lms.pods.progresssync.dev", "lms.campus.pods.progresssync.dev.example"} {
		if policy, own := policyOf(name); own {
			t.Errorf("%s is taken for that of %s", name, policy)
		}
	}
}

// Which configuration has a namespace must not change with a version: while two
// versions run, each would remove what the other wrote.
func TestANamespacesConfigurationStays(t *testing.T) {
	for namespace, want := range map[string]string{
		"campus": "progress-sync-00", "academy": "progress-sync-13", "default": "progress-sync-14",
	} {
		if got := NameFor(namespace); got != want {
			t.Errorf("%s is in %s, was in %s", namespace, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if name := NameFor(drawn(t, "some").Namespace); !slices.Contains(Names(), name) {
			t.Fatalf("%s is none of those that RBAC names", name)
		}
	})
}
