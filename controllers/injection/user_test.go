package injection

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestWhoChoosesTheSidecarsUser(t *testing.T) {
	as := func(runAs v1alpha1.RunAs) *fixture.Policy {
		return lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Injection.RunAs = runAs })
	}
	told := func(runAs v1alpha1.RunAs) Options { return Options{Image: options.Image, RunAs: runAs} }
	root := lmsPod().With(func(p *corev1.Pod) { p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](0)} })
	assigns := Surroundings{StorageCounted: true, AssignsUsers: true}
	for name, c := range map[string]struct {
		pod          *fixture.Pod
		policy       *fixture.Policy
		options      Options
		surroundings Surroundings
		states       bool
	}{
		"by default it is ours":                         {lmsPod(), lmsPolicy(), options, usual(), true},
		"by default a namespace that assigns ids":       {lmsPod(), lmsPolicy(), options, assigns, false},
		"the operator is told to state it":              {lmsPod(), lmsPolicy(), told(v1alpha1.RunAsFixed), assigns, true},
		"the operator is told to leave it out":          {lmsPod(), lmsPolicy(), told(v1alpha1.RunAsAssigned), usual(), false},
		"a policy wins over the operator":               {lmsPod(), as(v1alpha1.RunAsFixed), told(v1alpha1.RunAsAssigned), assigns, true},
		"a policy leaves it out":                        {lmsPod(), as(v1alpha1.RunAsAssigned), options, usual(), false},
		"a policy asks to look at the namespace":        {lmsPod(), as(v1alpha1.RunAsAuto), told(v1alpha1.RunAsFixed), assigns, false},
		"a pod that runs as root would keep it waiting": {root, as(v1alpha1.RunAsAssigned), options, assigns, true},
	} {
		pod, _ := Inject(c.pod.Build(), c.policy.Build(), c.options, c.surroundings)
		context := pod.Spec.InitContainers[sidecarIndex(pod)].SecurityContext
		want := securityContext()
		if c.states {
			want.RunAsUser, want.RunAsGroup = ptr.To[int64](65532), ptr.To[int64](65532)
		}
		if diff := cmp.Diff(want, context); diff != "" {
			t.Errorf("%s: security context (-want +got):\n%s", name, diff)
		}
	}
}
