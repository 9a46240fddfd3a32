package injection

import (
	"flag"
	"os"
	"path"
	"path/filepath"
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

// usual surroundings of a pod.
func usual() Surroundings { return Surroundings{StorageCounted: true} }

func lmsPod() *fixture.Pod { return fixture.NewPod("campus", "lms-0", "lms") }

// list of resources: names and quantities by turns.
func list(pairs ...string) corev1.ResourceList {
	out := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		out[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return out
}

func onClaim(name string) *fixture.Policy {
	return lmsPolicy().With(func(p *v1alpha1.ProgressSyncPolicy) { p.Spec.Buffer.ClaimName = name })
}

func TestInjectedPods(t *testing.T) {
	cases := map[string]struct {
		pod          *fixture.Pod
		policy       *fixture.Policy
		surroundings Surroundings
		file         string
	}{
		"a plain pod gets a sidecar with all defaults": {
			lmsPod(), lmsPolicy(), usual(), "plain.yaml",
		},
		"a pod keeps its own containers, volumes, annotation and URL": {
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
			lmsPolicy(), usual(), "busy.yaml",
		},
		"a policy changes ports, image, pull secrets, resources, spool, Secret key, has a webhook and an LRS and asks for traces": {
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
					p.Spec.Peers = v1alpha1.PeersSpec{Mode: v1alpha1.PeersOff, Port: 19788}
					p.Spec.Database.SecretRef = v1alpha1.SecretRef{Name: "lms-pg", Key: "dsn"}
					p.Spec.Events = v1alpha1.EventsSpec{Enabled: true, RetentionDays: 7, Webhook: &v1alpha1.WebhookSpec{
						URL: "https://lms.example.com/events", Batch: 1,
						SecretRef: v1alpha1.WebhookSecretRef{Name: "lms-webhook", Key: "signing", PreviousKey: "signing-before"},
					}, XAPI: &v1alpha1.XAPISpec{
						Endpoint: "https://lrs.example.com/data/xAPI", HomePage: "https://lms.example.com", Batch: 30,
						SecretRef: v1alpha1.XAPISecretRef{Name: "lms-lrs", UsernameKey: "key", PasswordKey: "secret", AuthorizationKey: "authorization"},
					}}
				}),
			usual(), "tuned.yaml",
		},
		"the annotation puts the sidecar after the pod's init containers": {
			lmsPod().InitContainer("migrate").Annotation(AnnotationOrder, "last"), lmsPolicy(), usual(), "last.yaml",
		},
		"a claim takes the spool, in a directory for each policy and pod": {
			lmsPod().With(func(p *corev1.Pod) {
				p.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: ptr.To[int64](65532)}
			}), onClaim("lms-spools"), usual(), "claim.yaml",
		},
		"a namespace of OpenShift assigns the user": {
			lmsPod().With(func(p *corev1.Pod) {
				p.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: ptr.To[int64](1000920000)}
			}), lmsPolicy(), Surroundings{StorageCounted: true, AssignsUsers: true}, "openshift.yaml",
		},
		"a database proxy that is a native sidecar ends after ours": {
			lmsPod().NativeSidecar("cloud-sql-proxy").InitContainer("migrate"), lmsPolicy(), usual(), "proxy.yaml",
		},
		"what a pod states for all its containers together is raised by ours": {
			lmsPod().With(func(p *corev1.Pod) {
				p.Spec.Resources = &corev1.ResourceRequirements{
					Requests: list("cpu", "200m", "memory", "256Mi"), Limits: list("cpu", "1", "memory", "512Mi"),
				}
			}), lmsPolicy(), usual(), "pod-level.yaml",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pod, result := Inject(c.pod.Build(), c.policy.Build(), options, c.surroundings)
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
	once, _ := Inject(lmsPod().InitContainer("migrate").Build(), lmsPolicy().Build(), options, usual())
	twice, result := Inject(once, lmsPolicy().Port(9000).Build(), Options{Image: "other"}, usual())
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
	Inject(pod, policy, options, usual())
	if diff := cmp.Diff(podBefore, pod); diff != "" {
		t.Errorf("pod (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(policyBefore, policy); diff != "" {
		t.Errorf("policy (-before +after):\n%s", diff)
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

func TestTheAutoscalerMayEvictASpoolOfThePodsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		said   string
		policy *fixture.Policy
		want   string
	}{
		"nothing said":       {"", lmsPolicy(), "progress-sync-spool"},
		"other volumes":      {"cache, tmp", lmsPolicy(), "cache,tmp,progress-sync-spool"},
		"ours already":       {"progress-sync-spool,cache", lmsPolicy(), "progress-sync-spool,cache"},
		"a spool on a claim": {"cache", onClaim("spools"), "cache"},
	} {
		pod := lmsPod()
		if c.said != "" {
			pod.Annotation(annotationSafeVolumes, c.said)
		}
		after, _ := Inject(pod.Build(), c.policy.Build(), options, usual())
		if got := after.Annotations[annotationSafeVolumes]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
