package policy

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/controllers/configuration"
	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var options = injection.Options{Image: "ghcr.io/progress-sync/sidecar:0.1.0"}

func lms() *fixture.Policy { return fixture.NewPolicy("campus", "lms") }

// injected pod of a policy.
func injected(pod *fixture.Pod, policy *fixture.Policy) *fixture.Pod {
	out, _ := injection.Inject(pod.Build(), policy.Build(), options, injection.Surroundings{})
	return pod.With(func(p *corev1.Pod) { *p = *out })
}

func running(name, ip string) *fixture.Pod {
	return injected(fixture.NewPod("campus", name, "lms"), lms()).Running(ip, injection.ContainerName)
}

func bare(name string) *fixture.Pod { return fixture.NewPod("campus", name, "lms") }

// counts of sorted pods, without what they are worded from.
type counts struct {
	Matched, Injected, Ready, Failing, Outdated, Refused, OptedOut, Conflicting int32
	Bare, Late, Fault                                                           string
	Targets                                                                     []string
}

func countsOf(p pods) counts {
	out := counts{
		Matched: p.matched, Injected: p.injected, Ready: p.ready, Failing: p.failing, Outdated: p.outdated,
		Refused: p.refused, OptedOut: p.optedOut, Conflicting: p.conflicting,
	}
	if p.bare != nil {
		out.Bare = p.bare.Name
	}
	if p.late != nil {
		out.Late = p.late.Name
	}
	for _, f := range p.faults {
		out.Fault += fmt.Sprintf("%d %s %s;", f.pods, f.reason, f.pod.Name)
	}
	for _, target := range p.targets {
		out.Targets = append(out.Targets, target.IP)
	}
	return out
}

func TestSortPods(t *testing.T) {
	older := fixture.NewPolicy("campus", "older").Selects("tier", "web").Created(-3600e9)
	cases := map[string]struct {
		pods     []*fixture.Pod
		policies []*fixture.Policy
		want     counts
	}{
		"no pods": {nil, nil, counts{}},
		"a running sidecar is asked": {
			[]*fixture.Pod{running("a", "10.0.0.1")}, nil,
			counts{Matched: 1, Injected: 1, Ready: 1, Targets: []string{"10.0.0.1"}},
		},
		"one that has not started is not": {
			[]*fixture.Pod{injected(bare("a"), lms()).With(aged(0))}, nil, counts{Matched: 1, Injected: 1},
		},
		"one that crashed is asked and not ready": {
			[]*fixture.Pod{running("a", "10.0.0.1").With(func(p *corev1.Pod) {
				p.Status.InitContainerStatuses[0].Ready, p.Status.InitContainerStatuses[0].RestartCount = false, 1
			}).With(aged(0))}, nil,
			counts{Matched: 1, Injected: 1, Targets: []string{"10.0.0.1"}},
		},
		"sidecars that do not run": {
			[]*fixture.Pod{
				waitingFor("ErrImagePull", "no such host").With(called("b")), waitingFor("ImagePullBackOff", "no such host").With(called("a")),
				waitingFor("CreateContainerConfigError", "image has non-numeric user").With(called("c")), running("d", "10.0.0.1"),
			}, nil,
			counts{Matched: 4, Injected: 4, Ready: 1, Failing: 3, Fault: "2 ImageUnavailable a;1 ContainerRefused c;", Targets: []string{"10.0.0.1"}},
		},
		"one that is being deleted does not have to run": {
			[]*fixture.Pod{waitingFor("ErrImagePull", "no such host").Deleted()}, nil, counts{},
		},
		"sidecars that start": {
			[]*fixture.Pod{waitingFor("PodInitializing", "").With(called("a")).With(aged(time.Minute)), waitingFor("ContainerCreating", "").With(called("b")).With(aged(time.Hour))}, nil,
			counts{Matched: 2, Injected: 2, Late: "b"},
		},
		"a pod without a sidecar": {
			[]*fixture.Pod{running("a", "10.0.0.1"), bare("c"), bare("b")}, nil,
			counts{Matched: 3, Injected: 1, Ready: 1, Bare: "b", Targets: []string{"10.0.0.1"}},
		},
		"a pod that is being deleted is asked and not counted": {
			[]*fixture.Pod{running("a", "10.0.0.1").Deleted(), bare("b").Deleted()}, nil,
			counts{Targets: []string{"10.0.0.1"}},
		},
		"pods that have ended": {
			[]*fixture.Pod{running("a", "10.0.0.1").Phase(corev1.PodSucceeded), bare("b").Phase(corev1.PodFailed)}, nil, counts{},
		},
		"a pod that opted out": {
			[]*fixture.Pod{bare("a").Annotation(injection.AnnotationInject, "false")}, nil, counts{OptedOut: 1},
		},
		"a pod that cannot be injected": {
			[]*fixture.Pod{bare("a").HostNetwork()}, nil, counts{Matched: 1, Refused: 1},
		},
		"a pod from another template": {
			[]*fixture.Pod{injected(bare("a"), lms().Port(9000)).Running("10.0.0.1", injection.ContainerName)}, nil,
			counts{Matched: 1, Injected: 1, Ready: 1, Outdated: 1, Targets: []string{"10.0.0.1"}},
		},
		"a pod that an older policy selects too": {
			[]*fixture.Pod{bare("a").With(func(p *corev1.Pod) { p.Labels["tier"] = "web" })},
			[]*fixture.Policy{older}, counts{Conflicting: 1},
		},
		"a pod that this policy injected before another took it over": {
			[]*fixture.Pod{running("a", "10.0.0.1").With(func(p *corev1.Pod) { p.Labels["tier"] = "web" })},
			[]*fixture.Policy{older}, counts{Matched: 1, Injected: 1, Ready: 1, Targets: []string{"10.0.0.1"}},
		},
		"a pod injected by a policy that is gone": {
			[]*fixture.Pod{running("a", "10.0.0.1").Annotation(injection.AnnotationPolicy, "gone")}, nil,
			counts{Matched: 1, Injected: 1, Ready: 1, Targets: []string{"10.0.0.1"}},
		},
		"a pod that the policy selected once": {
			[]*fixture.Pod{running("a", "10.0.0.1").With(func(p *corev1.Pod) { p.Labels["app"] = "other" })}, nil,
			counts{Matched: 1, Injected: 1, Ready: 1, Targets: []string{"10.0.0.1"}},
		},
		"pods of other apps": {
			[]*fixture.Pod{fixture.NewPod("campus", "a", "other")}, nil, counts{},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policies := []v1alpha1.ProgressSyncPolicy{*lms().Build()}
			for _, p := range c.policies {
				policies = append(policies, *p.Build())
			}
			var all, stripped []corev1.Pod
			for _, pod := range c.pods {
				all = append(all, *pod.Build())
				stripped = append(stripped, *strip(t, pod.Build()))
			}
			got := countsOf(sortPods(all, lms().Build(), policies, options, noon))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got, countsOf(sortPods(stripped, lms().Build(), policies, options, noon))); diff != "" {
				t.Errorf("of what the cache keeps (-whole +stripped):\n%s", diff)
			}
		})
	}
}

// waitingFor a container that the kubelet does not start, for a reason.
func waitingFor(reason, message string) *fixture.Pod {
	return injected(fixture.NewPod("campus", "lms-3", "lms"), lms()).With(func(p *corev1.Pod) {
		p.Status.Phase = corev1.PodPending
		p.CreationTimestamp = metav1.NewTime(noon)
		p.Status.InitContainerStatuses = []corev1.ContainerStatus{{
			Name:  injection.ContainerName,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}
	})
}

func strip(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	out, err := StripPod(pod)
	if err != nil {
		t.Fatal(err)
	}
	return out.(*corev1.Pod)
}

func TestStripPodKeepsTheRefusals(t *testing.T) {
	for name, pod := range map[string]*fixture.Pod{
		"host network": bare("a").HostNetwork(),
		"port":         bare("a").Listens(8787),
		"status port":  bare("a").Listens(9787),
		"name":         bare("a").With(func(p *corev1.Pod) { p.Spec.Containers[0].Name = injection.ContainerName }),
		"volume":       bare("a").With(func(p *corev1.Pod) { p.Spec.Volumes = []corev1.Volume{{Name: injection.VolumeConfig}} }),
		"windows":      bare("a").With(func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Windows} }),
		"windows nodes": bare("a").With(func(p *corev1.Pod) {
			p.Spec.NodeSelector = map[string]string{corev1.LabelOSStable: "windows"}
		}),
		"an init container of the sidecar's name": bare("a").InitContainer(injection.ContainerName),
		"a native sidecar of the sidecar's name":  bare("a").NativeSidecar(injection.ContainerName),
	} {
		if injection.HasSidecar(pod.Build()) || injection.HasSidecar(strip(t, pod.Build())) {
			t.Errorf("%s: counts as injected", name)
		}
		want := injection.Check(pod.Build(), lms().Build())
		got := injection.Check(strip(t, pod.Build()), lms().Build())
		if want == nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: whole %+v, stripped %+v", name, want, got)
		}
	}
}

func TestStripPodDropsWhatIsSecretOrLarge(t *testing.T) {
	pod := running("a", "10.0.0.1").Annotation("large", "x").With(func(p *corev1.Pod) {
		p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PASSWORD", Value: "x"}}
		p.Spec.Containers[0].Command = []string{"x"}
	}).Build()
	got := strip(t, pod)
	if len(got.Spec.Containers[0].Env) != 0 || len(got.Spec.Containers[0].Command) != 0 || got.Annotations["large"] != "" {
		t.Errorf("%+v", got)
	}
}

func TestRestartCommand(t *testing.T) {
	owned := func(kind, name string) *fixture.Pod {
		return bare("lms-5d4f-x1").With(func(p *corev1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: ptr.To(true)}}
			p.Labels["pod-template-hash"] = "5d4f"
		})
	}
	for want, pod := range map[string]*fixture.Pod{
		"kubectl -n campus rollout restart deployment/lms":      owned("ReplicaSet", "lms-5d4f"),
		"kubectl -n campus rollout restart statefulset/lms":     owned("StatefulSet", "lms"),
		"kubectl -n campus rollout restart daemonset/lms":       owned("DaemonSet", "lms"),
		"delete pod lms-5d4f-x1, which its ReplicaSet replaces": owned("ReplicaSet", "mine"),
		"delete pod lms-5d4f-x1, which its Job replaces":        owned("Job", "lms"),
		"delete and create pod lms-5d4f-x1 again":               bare("lms-5d4f-x1"),
	} {
		if got := restartCommand(pod.Build()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSmallestSpoolOfLivingPods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []corev1.Pod
		smallest := int64(0)
		for i, size := range rapid.SliceOfN(rapid.Int64Range(64<<20, 1<<40), 0, 4).Draw(t, "sizes") {
			claim := rapid.SampledFrom([]string{"", "spools"}).Draw(t, "claim")
			policy := lms().With(func(p *v1alpha1.ProgressSyncPolicy) {
				p.Spec.Buffer.SizeLimit.Set(size)
				p.Spec.Buffer.ClaimName = claim
			})
			all = append(all, *injected(bare(strconv.Itoa(i)), policy).Build())
			if claim != "" {
				continue // a claim has no limit of the pod's
			}
			if smallest == 0 || size < smallest {
				smallest = size
			}
		}
		p := sortPods(all, lms().Build(), []v1alpha1.ProgressSyncPolicy{*lms().Build()}, options, noon)
		if p.spoolLimit != smallest {
			t.Fatalf("limit %d, want %d", p.spoolLimit, smallest)
		}
		limit := configuration.Of(lms().Build(), p.spoolLimit).Buffer.SizeLimitBytes
		if want := int64(1 << 30); smallest > 0 && smallest < want && limit != smallest || (smallest == 0 || smallest >= want) && limit != want {
			t.Fatalf("configured limit %d with the smallest volume %d", limit, smallest)
		}
	})
}

func called(name string) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Name = name } }

// aged so at noon.
func aged(d time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(noon.Add(-d)) }
}
