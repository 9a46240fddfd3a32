package injection

import (
	"flag"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/fixture"
)

var update = flag.Bool("update", false, "write the golden files")

var options = Options{Image: "ghcr.io/progress-sync/sidecar:0.1.0"}

func lmsPolicy() *fixture.Policy { return fixture.NewPolicy("campus", "lms") }

func lmsPod() *fixture.Pod { return fixture.NewPod("campus", "lms-0", "lms") }

func onClaim(name string) *fixture.Policy {
	return lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.ClaimName = name })
}

func TestInjectedPods(t *testing.T) {
	cases := map[string]struct {
		pod    *fixture.Pod
		policy *fixture.Policy
		file   string
	}{
		"a plain pod gets a sidecar with all defaults": {
			lmsPod(), lmsPolicy(), "plain.yaml",
		},
		"a pod keeps its own containers, volumes, marks and URL": {
			lmsPod().
				InitContainer("migrate").
				Annotation("kubectl.kubernetes.io/default-container", "worker").
				GracePeriod(90 * time.Second).
				With(func(p *corev1.Pod) {
					p.Spec.Volumes = []corev1.Volume{{Name: "cache"}}
					p.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "registry"}}
					p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PROGRESS_SYNC_URL", Value: "http://127.0.0.1:1"}}
					p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "worker", Image: "registry.example/worker:1"})
				}),
			lmsPolicy(), "busy.yaml",
		},
		"a policy changes port, image, pull secrets, resources, spool, Secret key and asks for traces": {
			lmsPod(),
			lmsPolicy().Port(18787).
				Resources(
					corev1.ResourceList{"cpu": resource.MustParse("100m")},
					corev1.ResourceList{"memory": resource.MustParse("512Mi")},
				).
				With(func(p *v1alpha1.ProgressSyncPolicy) {
					p.Spec.Injection.Image = "registry.campus.example/sidecar:0.1.0"
					p.Spec.Injection.ImagePullSecrets = []v1alpha1.ImagePullSecret{{Name: "campus-registry"}}
					p.Spec.Injection.TracesEndpoint = "http://collector.monitoring:4318"
					p.Spec.Buffer.SizeLimit = resource.MustParse("4Gi")
					p.Spec.Database.SecretRef = v1alpha1.SecretRef{Name: "lms-pg", Key: "dsn"}
				}),
			"tuned.yaml",
		},
		"the annotation puts the sidecar after the pod's init containers": {
			lmsPod().InitContainer("migrate").Annotation(AnnotationOrder, "last"), lmsPolicy(), "last.yaml",
		},
		"a claim takes the spool, in a directory for each policy and pod": {
			lmsPod().With(func(p *corev1.Pod) {
				p.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: ptr.To[int64](65532)}
			}), onClaim("lms-spools"), "claim.yaml",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pod, result := Inject(c.pod.Build(), c.policy.Build(), options)
			if diff := cmp.Diff(Result{Outcome: Injected}, result); diff != "" {
				t.Fatalf("result (-want +got):\n%s", diff)
			}
			golden(t, c.file, pod)
		})
	}
}

func golden(t *testing.T, file string, pod *corev1.Pod) {
	t.Helper()
	got, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./controllers/injection -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestInjectTwiceChangesNothing(t *testing.T) {
	once, _ := Inject(lmsPod().InitContainer("migrate").Build(), lmsPolicy().Build(), options)
	twice, result := Inject(once, lmsPolicy().Port(9000).Build(), Options{Image: "other"})
	if diff := cmp.Diff(Result{Outcome: AlreadyInjected}, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(once, twice); diff != "" {
		t.Errorf("pod (-once +twice):\n%s", diff)
	}
}

func TestInjectLeavesItsArgumentsAlone(t *testing.T) {
	pod, policy := lmsPod().InitContainer("migrate").Build(), lmsPolicy().Build()
	podBefore, policyBefore := pod.DeepCopy(), policy.DeepCopy()
	Inject(pod, policy, options)
	if diff := cmp.Diff(podBefore, pod); diff != "" {
		t.Errorf("pod (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(policyBefore, policy); diff != "" {
		t.Errorf("policy (-before +after):\n%s", diff)
	}
}

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
		"a Windows pod": {
			pod:     lmsPod().With(func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Windows} }),
			outcome: Refused, reason: "WindowsPod", says: "Linux",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policy := lmsPolicy()
			if c.policy != nil {
				policy = c.policy
			}
			before := c.pod.Build()
			after, result := Inject(before, policy.Build(), options)
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
	if _, result := Inject(pod.Build(), lmsPolicy().Build(), options); result.Outcome != Injected {
		t.Errorf("outcome %s (%s)", result.Outcome, result.Refusal.Message)
	}
}

func TestShortGracePeriodWarns(t *testing.T) {
	for grace, want := range map[time.Duration]int{0: 1, 9 * time.Second: 1, 10 * time.Second: 0, time.Minute: 0} {
		_, result := Inject(lmsPod().GracePeriod(grace).Build(), lmsPolicy().Build(), options)
		if len(result.Warnings) != want {
			t.Errorf("a grace period of %s gives warnings %q, want %d", grace, result.Warnings, want)
		}
	}
}

func TestResourcesAreAlwaysValid(t *testing.T) {
	list := func(name corev1.ResourceName, value string) corev1.ResourceList {
		return corev1.ResourceList{name: resource.MustParse(value)}
	}
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
			got := resources(c.spec)
			if r := got.Requests[corev1.ResourceMemory]; r.String() != c.request {
				t.Errorf("request %s, want %s", r.String(), c.request)
			}
			if l := got.Limits[corev1.ResourceMemory]; l.String() != c.limit {
				t.Errorf("limit %s, want %s", l.String(), c.limit)
			}
		})
	}
}

func TestPoliciesOnOneClaimKeepTheirSpoolsApart(t *testing.T) {
	spoolOf := func(policy *fixture.Policy) string {
		return path.Dir(spoolPath(policy.With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.ClaimName = "shared" }).Build()))
	}
	if one, other := spoolOf(lmsPolicy()), spoolOf(fixture.NewPolicy("campus", "forum")); one == other {
		t.Errorf("both have theirs in %s", one)
	}
}

func TestWarningsOnAClaim(t *testing.T) {
	grouped := func(p *corev1.Pod) { p.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: ptr.To[int64](1000)} }
	cases := map[string]struct {
		pod    *fixture.Pod
		policy *fixture.Policy
		says   []string
	}{
		"a pod without a group hears of it":          {lmsPod(), onClaim("spools"), []string{"fsGroup: 65532"}},
		"any group will do":                          {lmsPod().With(grouped), onClaim("spools"), nil},
		"a volume of the pod's own needs no group":   {lmsPod(), lmsPolicy(), nil},
		"a short grace period loses nothing there":   {lmsPod().With(grouped).GracePeriod(time.Second), onClaim("spools"), []string{"until another pod writes them"}},
		"a short grace period may lose it elsewhere": {lmsPod().GracePeriod(time.Second), lmsPolicy(), []string{"goes with the pod"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, result := Inject(c.pod.Build(), c.policy.Build(), options)
			if len(result.Warnings) != len(c.says) {
				t.Fatalf("got %q", result.Warnings)
			}
			for i, want := range c.says {
				if !strings.Contains(result.Warnings[i], want) {
					t.Errorf("%q does not say %q", result.Warnings[i], want)
				}
			}
		})
	}
}

func TestTemplateHash(t *testing.T) {
	base := TemplateHash(lmsPolicy().Build(), options)
	same := map[string]string{
		"the interval is hot": TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Sync.Interval.Duration = time.Second }).Build(), options),
		"as is the selector":  TemplateHash(lmsPolicy().Selects("tier", "web").Build(), options),
	}
	for name, hash := range same {
		if hash != base {
			t.Errorf("%s: the hash changed", name)
		}
	}
	other := map[string]string{
		"image":  TemplateHash(lmsPolicy().Build(), Options{Image: "next"}),
		"port":   TemplateHash(lmsPolicy().Port(9000).Build(), options),
		"secret": TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Database.SecretRef.Name = "b" }).Build(), options),
		"claim":  TemplateHash(onClaim("lms-spools").Build(), options),
		"spool":  TemplateHash(lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.SizeLimit = resource.MustParse("2Gi") }).Build(), options),
	}
	for name, hash := range other {
		if hash == base {
			t.Errorf("another %s does not change the hash", name)
		}
	}
	claim := TemplateHash(onClaim("lms-spools").Build(), options)
	if claim == TemplateHash(onClaim("other").Build(), options) {
		t.Error("another claim does not change the hash")
	}
	larger := onClaim("lms-spools").With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.SizeLimit = resource.MustParse("2Gi") })
	if claim != TemplateHash(larger.Build(), options) {
		t.Error("the size limit on a claim is hot, and changes the hash")
	}
	pod, _ := Inject(lmsPod().GracePeriod(time.Hour).Build(), lmsPolicy().Build(), options)
	if got := pod.Annotations[AnnotationTemplateHash]; got != base {
		t.Errorf("a pod's own grace period changes its hash: %s, want %s", got, base)
	}
}
