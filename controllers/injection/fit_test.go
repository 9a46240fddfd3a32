package injection

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestResourcesAreAlwaysValid(t *testing.T) {
	cases := map[string]struct {
		spec    v1alpha1.ResourcesSpec
		request string
		limit   string
	}{
		"nothing set gives the defaults":                   {v1alpha1.ResourcesSpec{}, "64Mi", "256Mi"},
		"a small limit lowers the default request":         {v1alpha1.ResourcesSpec{Limits: list("memory", "32Mi")}, "32Mi", "32Mi"},
		"a large request raises the default limit":         {v1alpha1.ResourcesSpec{Requests: list("memory", "1Gi")}, "1Gi", "1Gi"},
		"a request above the limit set beside it wins":     {v1alpha1.ResourcesSpec{Requests: list("memory", "2Gi"), Limits: list("memory", "1Gi")}, "2Gi", "2Gi"},
		"a negative quantity is as if it had not been set": {v1alpha1.ResourcesSpec{Requests: list("memory", "-1Gi"), Limits: list("memory", "-1Gi")}, "64Mi", "256Mi"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := resources(stating(c.spec).Build())
			if r := got.Requests[corev1.ResourceMemory]; r.String() != c.request {
				t.Errorf("request %s, want %s", r.String(), c.request)
			}
			if l := got.Limits[corev1.ResourceMemory]; l.String() != c.limit {
				t.Errorf("limit %s, want %s", l.String(), c.limit)
			}
		})
	}
}

func stating(spec v1alpha1.ResourcesSpec) *fixture.Policy {
	return lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.Resources = spec })
}

func containers(item corev1.LimitRangeItem) corev1.LimitRange {
	item.Type = corev1.LimitTypeContainer
	return corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}}}
}

func wholePods(item corev1.LimitRangeItem) corev1.LimitRange {
	item.Type = corev1.LimitTypePod
	return corev1.LimitRange{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}}}
}

// written is a list of resources in one line.
func written(l corev1.ResourceList) string {
	var out []string
	for _, name := range fittedNames() {
		if q, ok := l[name]; ok {
			out = append(out, q.String())
		} else {
			out = append(out, "-")
		}
	}
	return strings.Join(out, " ")
}

func TestTheSidecarsResourcesFitThePodAndItsNamespace(t *testing.T) {
	limited := lmsPod().Limits(list("cpu", "500m", "memory", "256Mi"))
	states := func(requests, limits corev1.ResourceList) *fixture.Policy {
		return stating(v1alpha1.ResourcesSpec{Requests: requests, Limits: limits})
	}
	for name, c := range map[string]struct {
		pod    *fixture.Pod
		policy *fixture.Policy
		ranges []corev1.LimitRange
		// requests and limits of cpu, memory and ephemeral storage.
		requests, limits string
		warns            []string
	}{
		"nothing asks for anything":         {lmsPod(), lmsPolicy(), nil, "10m 64Mi 128Mi", "- 256Mi -", nil},
		"an app with a limit of cpu":        {limited, lmsPolicy(), nil, "10m 64Mi 128Mi", "500m 256Mi -", nil},
		"a policy's own limit of cpu":       {limited, states(nil, list("cpu", "2")), nil, "10m 64Mi 128Mi", "2 256Mi -", nil},
		"a policy's request above ours":     {limited, states(list("cpu", "1"), nil), nil, "1 64Mi 128Mi", "1 256Mi -", nil},
		"an app with a container without":   {lmsPod().Limits(list("cpu", "1")).With(func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "b"}) }), lmsPolicy(), nil, "10m 64Mi 128Mi", "- 256Mi -", nil},
		"a pod with a limit of cpu for all": {lmsPod().With(func(p *corev1.Pod) { p.Spec.Resources = &corev1.ResourceRequirements{Limits: list("cpu", "1")} }), lmsPolicy(), nil, "10m 64Mi 128Mi", "500m 256Mi -", nil},
		"an app with a limit of storage, to which the kubelet counts the spool": {
			lmsPod().Limits(list("ephemeral-storage", "2Gi")), lmsPolicy(), nil, "10m 64Mi 128Mi", "- 256Mi 1088Mi", nil,
		},
		"such an app whose spool is on a claim": {lmsPod().Limits(list("ephemeral-storage", "2Gi")), onClaim("spools"), nil, "10m 64Mi 128Mi", "- 256Mi 128Mi", []string{"fsGroup"}},
		"a policy's limit of storage that a full spool would break": {
			lmsPod(), states(nil, list("ephemeral-storage", "100Mi")), nil, "10m 64Mi 128Mi", "- 256Mi 1088Mi", nil,
		},
		"a minimum": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{Min: list("cpu", "100m", "memory", "90Mi"), Default: list("cpu", "500m", "memory", "512Mi")})},
			"100m 90Mi 128Mi", "500m 256Mi -", nil,
		},
		"a minimum above the limit": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{Min: list("memory", "300Mi")})}, "10m 300Mi 128Mi", "- 300Mi -", nil,
		},
		"a maximum": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{Max: list("cpu", "200m", "memory", "128Mi")})},
			"10m 64Mi 128Mi", "200m 128Mi -", nil,
		},
		"a maximum below what the policy states": {
			lmsPod(), states(nil, list("memory", "1Gi")), []corev1.LimitRange{containers(corev1.LimitRangeItem{Max: list("memory", "512Mi")})},
			"10m 64Mi 128Mi", "- 512Mi -", []string{"memory as policy lms states it; it gets a request of 64Mi and a limit of 512Mi"},
		},
		"a default of storage below a full spool": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{Default: list("ephemeral-storage", "200Mi")})},
			"10m 64Mi 128Mi", "- 256Mi 1088Mi", nil,
		},
		"a maximum of storage below a full spool": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{Max: list("ephemeral-storage", "512Mi")})},
			"10m 64Mi 128Mi", "- 256Mi 512Mi", []string{"leaves the sidecar 512Mi of ephemeral storage, and a full spool takes 1088Mi"},
		},
		"a ratio raises the request": {
			limited, lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{Default: list("cpu", "500m"), MaxLimitRequestRatio: list("cpu", "10", "memory", "2")})},
			"50m 128Mi 128Mi", "500m 256Mi -", nil,
		},
		"a ratio alone asks for a limit": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{MaxLimitRequestRatio: list("cpu", "4")})}, "125m 64Mi 128Mi", "500m 256Mi -", nil,
		},
		"a ratio lowers the limit where the policy states the request": {
			limited, states(list("cpu", "20m", "memory", "100Mi"), nil), []corev1.LimitRange{containers(corev1.LimitRangeItem{MaxLimitRequestRatio: list("cpu", "10", "memory", "2")})},
			"20m 100Mi 128Mi", "200m 200Mi -", nil,
		},
		"a ratio that the policy breaks raises its request, and says so": {
			limited, states(list("memory", "64Mi"), list("memory", "512Mi")), []corev1.LimitRange{containers(corev1.LimitRangeItem{MaxLimitRequestRatio: list("memory", "2")})},
			"10m 256Mi 128Mi", "500m 512Mi -", []string{"a request of 256Mi and a limit of 512Mi"},
		},
		"a ratio between": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{containers(corev1.LimitRangeItem{MaxLimitRequestRatio: list("cpu", "1.5")})}, "334m 64Mi 128Mi", "500m 256Mi -", nil,
		},
		"the strictest of several": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{
				containers(corev1.LimitRangeItem{Min: list("memory", "70Mi"), Max: list("memory", "200Mi")}),
				containers(corev1.LimitRangeItem{Min: list("memory", "80Mi"), Max: list("memory", "1Gi")}),
			}, "10m 80Mi 128Mi", "- 200Mi -", nil,
		},
		"a maximum for whole pods leaves it a part": {
			limited, lmsPolicy(), []corev1.LimitRange{wholePods(corev1.LimitRangeItem{Max: list("cpu", "700m", "memory", "384Mi")})}, "10m 64Mi 128Mi", "200m 128Mi -", nil,
		},
		"one that leaves it nothing is the API server's to refuse": {
			limited, lmsPolicy(), []corev1.LimitRange{wholePods(corev1.LimitRangeItem{Max: list("memory", "256Mi")})}, "10m 64Mi 128Mi", "500m 256Mi -", nil,
		},
		"a ratio for whole pods": {
			limited, lmsPolicy(), []corev1.LimitRange{wholePods(corev1.LimitRangeItem{MaxLimitRequestRatio: list("memory", "2")})}, "10m 128Mi 128Mi", "500m 256Mi -", nil,
		},
		"what is for claims is not for it": {
			lmsPod(), lmsPolicy(), []corev1.LimitRange{{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypePersistentVolumeClaim, Max: list("memory", "1Mi")}}}}},
			"10m 64Mi 128Mi", "- 256Mi -", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod, result := Inject(c.pod.Build(), c.policy.Build(), options, Surroundings{StorageCounted: true, LimitRanges: c.ranges})
			got := pod.Spec.InitContainers[0].Resources
			if written(got.Requests) != c.requests || written(got.Limits) != c.limits {
				t.Errorf("requests %s, limits %s; want %s and %s", written(got.Requests), written(got.Limits), c.requests, c.limits)
			}
			if len(result.Warnings) != len(c.warns) {
				t.Fatalf("warnings %q", result.Warnings)
			}
			for i, want := range c.warns {
				if !strings.Contains(result.Warnings[i], want) {
					t.Errorf("%q does not say %q", result.Warnings[i], want)
				}
			}
		})
	}
}

// TestWhatALimitRangeAsksIsMet wherever its bounds do not contradict each other:
// else the API server refuses a pod that it would take without the sidecar.
func TestWhatALimitRangeAsksIsMet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mebi := func(least, most int64, name string) resource.Quantity {
			return *resource.NewQuantity(rapid.Int64Range(least, most).Draw(t, name)<<20, resource.BinarySI)
		}
		floor, ceiling := mebi(1, 200, "min"), mebi(200, 2000, "max")
		ratio := *resource.NewMilliQuantity(rapid.Int64Range(1000, 20_000).Draw(t, "ratio"), resource.DecimalSI)
		item := corev1.LimitRangeItem{
			Min:                  corev1.ResourceList{corev1.ResourceMemory: floor},
			Max:                  corev1.ResourceList{corev1.ResourceMemory: ceiling},
			MaxLimitRequestRatio: corev1.ResourceList{corev1.ResourceMemory: ratio},
		}
		var spec v1alpha1.ResourcesSpec
		if rapid.Bool().Draw(t, "states request") {
			spec.Requests = corev1.ResourceList{corev1.ResourceMemory: mebi(0, 3000, "request")}
		}
		if rapid.Bool().Draw(t, "states limit") {
			spec.Limits = corev1.ResourceList{corev1.ResourceMemory: mebi(32, 3000, "limit")}
		}
		got, _ := fit(lmsPod().Build(), stating(spec).Build(), Surroundings{LimitRanges: []corev1.LimitRange{containers(item)}})
		request, limit := got.Requests[corev1.ResourceMemory], got.Limits[corev1.ResourceMemory]
		if request.Cmp(floor) < 0 || limit.Cmp(floor) < 0 || request.Cmp(ceiling) > 0 || limit.Cmp(ceiling) > 0 || request.Cmp(limit) > 0 {
			t.Fatalf("request %s, limit %s outside %s to %s", request.String(), limit.String(), floor.String(), ceiling.String())
		}
		if observed := float64(limit.Value()) / float64(request.Value()) * 1000; observed > float64(ratio.MilliValue()) {
			t.Fatalf("request %s, limit %s: ratio %g above %s", request.String(), limit.String(), observed/1000, ratio.String())
		}
	})
}

func TestASidecarAsksForStorageOnlyWhereEveryNodeCountsIt(t *testing.T) {
	node := func(storage corev1.ResourceList) corev1.Node {
		return corev1.Node{Status: corev1.NodeStatus{Allocatable: storage}}
	}
	counting, other := node(list("ephemeral-storage", "10Gi")), node(list("memory", "1Gi"))
	asks := stating(v1alpha1.ResourcesSpec{Requests: list("ephemeral-storage", "300Mi")})
	for name, c := range map[string]struct {
		nodes    []corev1.Node
		policy   *fixture.Policy
		requests string
	}{
		"all do":                         {[]corev1.Node{counting, counting}, lmsPolicy(), "10m 64Mi 128Mi"},
		"one does not":                   {[]corev1.Node{counting, other}, lmsPolicy(), "10m 64Mi -"},
		"none is known":                  {nil, lmsPolicy(), "10m 64Mi -"},
		"what the policy asks for stays": {[]corev1.Node{other}, asks, "10m 64Mi 300Mi"},
	} {
		t.Run(name, func(t *testing.T) {
			got, warnings := fit(lmsPod().Build(), c.policy.Build(), Surroundings{StorageCounted: storageCounted(c.nodes)})
			if written(got.Requests) != c.requests || len(warnings) > 0 {
				t.Errorf("requests %s, want %s; warnings %q", written(got.Requests), c.requests, warnings)
			}
		})
	}
}
