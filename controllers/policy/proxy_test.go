package policy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/controllers/sidecarstatus"
	sidecar "github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestAProxyThatEndsBeforeTheSidecarIsFound(t *testing.T) {
	local, elsewhere := &sidecar.Document{Database: sidecar.Database{Local: true}}, &sidecar.Document{}
	for name, c := range map[string]struct {
		pod      *fixture.Pod
		order    v1alpha1.Order
		document *sidecar.Document
		found    int32
	}{
		"an ordinary container":                      {fixture.NewPod("campus", "lms-0", "lms"), v1alpha1.OrderAuto, local, 1},
		"a native sidecar, which ends later":         {fixture.NewPod("campus", "lms-0", "lms").NativeSidecar("proxy"), v1alpha1.OrderAuto, local, 0},
		"a native sidecar that was put behind":       {fixture.NewPod("campus", "lms-0", "lms").NativeSidecar("proxy"), v1alpha1.OrderFirst, local, 1},
		"an init container, which has ended already": {fixture.NewPod("campus", "lms-0", "lms").InitContainer("migrate"), v1alpha1.OrderLast, local, 1},
		"a server elsewhere":                         {fixture.NewPod("campus", "lms-0", "lms"), v1alpha1.OrderAuto, elsewhere, 0},
		"a sidecar that has not answered":            {fixture.NewPod("campus", "lms-0", "lms"), v1alpha1.OrderAuto, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			policy := lms().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.Order = c.order }).Build()
			pod, _ := injection.Inject(c.pod.Build(), policy, options, injection.Surroundings{})
			pod.Status.PodIP = "10.0.0.1"
			pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: injection.ContainerName, Ready: true}}
			stripped, err := StripPod(pod)
			if err != nil {
				t.Fatal(err)
			}
			p := sortPods([]corev1.Pod{*stripped.(*corev1.Pod)}, policy, []v1alpha1.ProgressSyncPolicy{*policy}, options, noon)
			if len(p.targets) != 1 {
				t.Fatalf("targets: %+v", p.targets)
			}
			answers := map[types.UID]sidecarstatus.Answer{pod.UID: {Document: c.document}}
			if got := proxyEndsFirst(p.last, answers); got != c.found {
				t.Errorf("found %d, want %d", got, c.found)
			}
		})
	}
}
