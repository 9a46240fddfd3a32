package injection

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/test/fixture"
)

func TestPodsLeftAlone(t *testing.T) {
	cases := map[string]struct {
		pod     *fixture.Pod
		policy  *fixture.Policy
		outcome Outcome
		reason  string
		says    string
	}{
		"a pod that opted out": {
			pod: lmsPod().Annotation(AnnotationInject, "false"), outcome: OptedOut,
		},
		"a pod on the host's network": {
			pod: lmsPod().HostNetwork(), outcome: Refused, reason: "HostNetwork", says: "host's network",
		},
		"a pod that uses the write API's port": {
			pod: lmsPod().Listens(8787), outcome: Refused, reason: "PortConflict", says: "spec.injection.port",
		},
		"a pod that uses the port the policy was moved to": {
			pod: lmsPod().Listens(9000), policy: lmsPolicy().Port(9000), outcome: Refused, reason: "PortConflict", says: "9000",
		},
		"a pod that uses the status port": {
			pod: lmsPod().Listens(9787), outcome: Refused, reason: "PortConflict", says: "9787",
		},
		"a pod with a container of the sidecar's name": {
			pod:     lmsPod().With(func(p *corev1.Pod) { p.Spec.Containers[0].Name = ContainerName }),
			outcome: Refused, reason: "NameConflict", says: "rename",
		},
		"a pod with a volume of the spool's name": {
			pod:     lmsPod().With(func(p *corev1.Pod) { p.Spec.Volumes = []corev1.Volume{{Name: VolumeSpool}} }),
			outcome: Refused, reason: "NameConflict", says: "rename",
		},
		"a pod with an init container of the sidecar's name": {
			pod: lmsPod().InitContainer(ContainerName), outcome: Refused, reason: "NameConflict", says: "rename",
		},
		"a pod with a native sidecar of that name that has another spool": {
			pod: lmsPod().NativeSidecar(ContainerName), outcome: Refused, reason: "NameConflict", says: "rename",
		},
		"a pod that says it is for Windows": {
			pod:     lmsPod().With(func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Windows} }),
			outcome: Refused, reason: "WindowsPod", says: "Linux",
		},
		"a pod whose node selector says so": {
			pod:     lmsPod().With(func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelOSStable: "windows"} }),
			outcome: Refused, reason: "WindowsPod", says: "opt it out",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policy := lmsPolicy()
			if c.policy != nil {
				policy = c.policy
			}
			before := c.pod.Build()
			after, result := Inject(before, policy.Build(), options, usual())
			if result.Outcome != c.outcome || result.Refusal.Reason != c.reason {
				t.Errorf("outcome %s, reason %q; want %s, %q", result.Outcome, result.Refusal.Reason, c.outcome, c.reason)
			}
			if c.outcome == Refused && (len(result.Warnings) != 1 || !strings.Contains(result.Warnings[0], c.says)) {
				t.Errorf("warnings %q do not say %q", result.Warnings, c.says)
			}
			if diff := cmp.Diff(c.pod.Build(), after); diff != "" {
				t.Errorf("the pod was changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestUDPOnTheSamePortIsNoConflict(t *testing.T) {
	pod := lmsPod().Listens(8787).With(func(p *corev1.Pod) { p.Spec.Containers[0].Ports[0].Protocol = corev1.ProtocolUDP })
	if _, result := Inject(pod.Build(), lmsPolicy().Build(), options, usual()); result.Outcome != Injected {
		t.Errorf("outcome %s (%s)", result.Outcome, result.Refusal.Message)
	}
}

func TestWhichPodsAreForWindows(t *testing.T) {
	expression := func(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorRequirement {
		return corev1.NodeSelectorRequirement{Key: key, Operator: operator, Values: values}
	}
	term := func(expressions ...corev1.NodeSelectorRequirement) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: expressions}
	}
	requires := func(terms ...corev1.NodeSelectorTerm) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
			}}
		}
	}
	const stable, beta = "kubernetes.io/os", "beta.kubernetes.io/os"
	in, notIn, exists := corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists
	windows := term(expression(stable, in, "windows"))
	for name, c := range map[string]struct {
		change func(*corev1.Pod)
		want   bool
	}{
		"one that says nothing":              {func(*corev1.Pod) {}, false},
		"one that says Linux":                {func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Linux} }, false},
		"the selector's old label":           {func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{beta: "windows"} }, true},
		"a selector for Linux":               {func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{stable: "linux"} }, false},
		"an affinity for Windows":            {requires(windows), true},
		"an affinity by the old label":       {requires(term(expression(beta, in, "windows"))), true},
		"an affinity against Linux":          {requires(term(expression("zone", exists), expression(stable, notIn, "linux"))), true},
		"an affinity for either":             {requires(term(expression(stable, in, "linux", "windows"))), false},
		"an affinity with a term for any":    {requires(windows, term(expression("zone", in, "a"))), false},
		"an affinity whose terms all say so": {requires(windows, term(expression(stable, notIn, "linux"))), true},
		"an affinity against Windows":        {requires(term(expression(stable, notIn, "windows"))), false},
		"an affinity that it only prefers": {func(p *corev1.Pod) {
			p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1, Preference: windows}},
			}}
		}, false},
	} {
		os := OS(lmsPod().With(c.change).Build())
		if got := os != nil && os.Name == corev1.Windows; got != c.want {
			t.Errorf("%s: for Windows %t", name, got)
		}
	}
}
