package injection

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestWhatAPodStatesForAllIsRaised(t *testing.T) {
	for name, c := range map[string]struct {
		before, after corev1.ResourceRequirements
	}{
		"both": {
			corev1.ResourceRequirements{Requests: list("cpu", "200m", "memory", "256Mi"), Limits: list("cpu", "1", "memory", "512Mi")},
			corev1.ResourceRequirements{Requests: list("cpu", "210m", "memory", "320Mi"), Limits: list("cpu", "1500m", "memory", "768Mi")},
		},
		"limits alone": {
			corev1.ResourceRequirements{Limits: list("memory", "128Mi")},
			corev1.ResourceRequirements{Limits: list("memory", "384Mi")},
		},
		"what the sidecar takes none of": {
			corev1.ResourceRequirements{Requests: list("hugepages-2Mi", "4Mi"), Limits: list("hugepages-2Mi", "4Mi")},
			corev1.ResourceRequirements{Requests: list("hugepages-2Mi", "4Mi"), Limits: list("hugepages-2Mi", "4Mi")},
		},
	} {
		before := lmsPod().With(func(p *corev1.Pod) { p.Spec.Resources = &c.before }).Build()
		after, _ := Inject(before, lmsPolicy().Build(), options, usual())
		if diff := cmp.Diff(&c.after, after.Spec.Resources); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(after, patchedBy(t, before, after)); diff != "" {
			t.Errorf("%s: patch (-injected +patched):\n%s", name, diff)
		}
	}
}
