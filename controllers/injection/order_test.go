package injection

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

// withInit adds init containers; a name that begins with + is a native sidecar.
func withInit(pod *fixture.Pod, names ...string) *fixture.Pod {
	for _, name := range names {
		if native, ok := strings.CutPrefix(name, "+"); ok {
			pod.NativeSidecar(native)
		} else {
			pod.InitContainer(name)
		}
	}
	return pod
}

func inOrder(order v1alpha1.Order) *fixture.Policy {
	return lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.Order = order })
}

func TestWhereTheSidecarComes(t *testing.T) {
	for name, c := range map[string]struct {
		init   []string
		order  v1alpha1.Order
		said   string
		want   string
		warned bool
	}{
		"alone": {nil, v1alpha1.OrderAuto, "", "progress-sync", false},
		"before init containers that may want to write":    {[]string{"migrate"}, v1alpha1.OrderAuto, "", "progress-sync migrate", false},
		"behind a proxy, which then ends after it":         {[]string{"+proxy", "migrate"}, v1alpha1.OrderAuto, "", "proxy progress-sync migrate", false},
		"behind the last of several":                       {[]string{"setup", "+mesh", "wait", "+proxy", "migrate"}, v1alpha1.OrderAuto, "", "setup mesh wait proxy progress-sync migrate", false},
		"a policy of before the field is as Auto":          {[]string{"+proxy"}, "", "", "proxy progress-sync", false},
		"first, where the policy says so":                  {[]string{"+proxy", "migrate"}, v1alpha1.OrderFirst, "", "progress-sync proxy migrate", false},
		"last, where the policy says so":                   {[]string{"+proxy", "migrate"}, v1alpha1.OrderLast, "", "proxy migrate progress-sync", false},
		"last, where the pod says so":                      {[]string{"migrate"}, v1alpha1.OrderFirst, "last", "migrate progress-sync", false},
		"first, where the pod says so in another case":     {[]string{"+proxy"}, v1alpha1.OrderAuto, "FIRST", "progress-sync proxy", false},
		"a pod goes back to Auto":                          {[]string{"+proxy", "migrate"}, v1alpha1.OrderLast, "Auto", "proxy progress-sync migrate", false},
		"what a pod says that is nothing known is told of": {[]string{"+proxy"}, v1alpha1.OrderFirst, "behind", "progress-sync proxy", true},
	} {
		t.Run(name, func(t *testing.T) {
			pod := withInit(lmsPod(), c.init...)
			if c.said != "" {
				pod.Annotation(AnnotationOrder, c.said)
			}
			got, result := Inject(pod.Build(), inOrder(c.order).Build(), options, usual())
			if fixture.InitNames(got) != c.want {
				t.Errorf("%s, want %s", fixture.InitNames(got), c.want)
			}
			if c.warned != (len(result.Warnings) == 1 && strings.Contains(result.Warnings[0], "Auto, First or Last")) {
				t.Errorf("warnings %q", result.Warnings)
			}
		})
	}
}

func TestTheSidecarGetsBehindWhatOthersAddLater(t *testing.T) {
	// later adds init containers to an injected pod, as another webhook does.
	later := func(at int, names ...string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.InitContainers = slices.Insert(p.Spec.InitContainers, at, withInit(lmsPod(), names...).Build().Spec.InitContainers...)
		}
	}
	for name, c := range map[string]struct {
		order v1alpha1.Order
		later func(*corev1.Pod)
		want  string
	}{
		"a proxy at the end":                         {v1alpha1.OrderAuto, later(2, "+proxy"), "migrate proxy progress-sync"},
		"a proxy before it is where it has to be":    {v1alpha1.OrderAuto, later(0, "setup", "+proxy"), "setup proxy progress-sync migrate"},
		"an ordinary init container does not matter": {v1alpha1.OrderAuto, later(0, "setup"), "setup progress-sync migrate"},
		"first stays first":                          {v1alpha1.OrderFirst, later(0, "+proxy"), "progress-sync proxy migrate"},
		"last stays last":                            {v1alpha1.OrderLast, later(2, "late"), "migrate late progress-sync"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := inOrder(c.order).Build()
			once, _ := Inject(lmsPod().InitContainer("migrate").Build(), policy, options, usual())
			c.later(once)
			before := once.DeepCopy()
			again, result := Inject(once, policy, options, usual())
			if result.Outcome != AlreadyInjected || fixture.InitNames(again) != c.want {
				t.Errorf("%s: %s, want %s", result.Outcome, fixture.InitNames(again), c.want)
			}
			if diff := cmp.Diff(before, once); diff != "" {
				t.Errorf("the given pod was changed:\n%s", diff)
			}
			if diff := cmp.Diff(again, patchedBy(t, once, again)); diff != "" {
				t.Errorf("patch (-moved +patched):\n%s", diff)
			}
		})
	}
}

// TestInjectIsIdempotent whatever the pod's init containers are.
func TestInjectIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`\+?[a-e]`), 0, 5, func(s string) string { return strings.TrimPrefix(s, "+") }).Draw(t, "init")
		policy := inOrder(rapid.SampledFrom([]v1alpha1.Order{v1alpha1.OrderAuto, v1alpha1.OrderFirst, v1alpha1.OrderLast}).Draw(t, "order")).Build()
		once, _ := Inject(withInit(lmsPod(), names...).Build(), policy, options, usual())
		twice, _ := Inject(once, policy, options, usual())
		if diff := cmp.Diff(once, twice); diff != "" {
			t.Fatalf("pod (-once +twice):\n%s", diff)
		}
	})
}
