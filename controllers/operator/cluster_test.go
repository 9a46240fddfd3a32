//go:build envtest

package operator_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/controllers/injection"
	"github.com/progress-sync/progress-sync/test/fixture"
	"github.com/progress-sync/progress-sync/test/kit"
)

// manifests of testdata/cluster, in the given namespace in place of the one that
// they name, or where they name none. They come from clusters in which pods were refused, or lost data.
func manifests(t *testing.T, file, named, namespace string) []client.Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "cluster", file))
	if err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(admin.Scheme()).UniversalDeserializer()
	renamed := string(text)
	if named != "" {
		renamed = regexp.MustCompile(`(namespace|metadata\.name): `+named+`\b`).ReplaceAllString(renamed, "$1: "+namespace)
	}
	var out []client.Object
	for _, document := range splitYAML(strings.ReplaceAll(renamed, "IMAGE", "registry.example/lms:1")) {
		object, _, err := decoder.Decode([]byte(document), nil, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		out = append(out, object.(client.Object))
		if named == "" {
			out[len(out)-1].SetNamespace(namespace)
		}
	}
	return out
}

// podsOf the manifests: envtest has no controller that makes a Deployment's.
func podsOf(objects []client.Object, namespace string) []*corev1.Pod {
	var out []*corev1.Pod
	for _, object := range objects {
		switch o := object.(type) {
		case *corev1.Pod:
			out = append(out, o)
		case *appsv1.Deployment:
			if o.Namespace == namespace {
				pod := &corev1.Pod{ObjectMeta: *o.Spec.Template.ObjectMeta.DeepCopy(), Spec: o.Spec.Template.Spec}
				pod.Namespace, pod.GenerateName = namespace, o.Name+"-"
				out = append(out, pod)
			}
		}
	}
	return out
}

// without the label, a pod is none of the policy's: what the cluster does to it
// shows that the cluster's rule is in force.
func without(pod *corev1.Pod) *corev1.Pod {
	out := pod.DeepCopy()
	out.Labels = map[string]string{"app": "other"}
	return out
}

// refused waits until the API server refuses the pod in these words.
func refused(t *testing.T, pod *corev1.Pod, says string) {
	t.Helper()
	kit.Eventually(t, "the rule is in force: "+says, func() error {
		err := admin.Create(context.Background(), pod.DeepCopy(), client.DryRunAll)
		return kit.Unless(apierrors.IsForbidden(err) && strings.Contains(err.Error(), says) || apierrors.IsInvalid(err) && strings.Contains(err.Error(), says), text(err))
	})
}

func text(err error) string {
	if err == nil {
		return "taken"
	}
	return err.Error()
}

// admitted waits until the API server takes the pod, and returns the sidecar in
// it. The operator may learn of the namespace's rules a moment after the API
// server does.
func admitted(t *testing.T, pod *corev1.Pod) corev1.Container {
	t.Helper()
	kit.Eventually(t, "pod "+pod.Name+pod.GenerateName+" is admitted", func() error {
		err := admin.Create(context.Background(), pod)
		return err
	})
	i := slices.IndexFunc(pod.Spec.InitContainers, func(c corev1.Container) bool { return c.Name == injection.ContainerName })
	if i < 0 || !injection.HasSidecar(pod) {
		t.Fatalf("pod %s has no sidecar", pod.Name)
	}
	return pod.Spec.InitContainers[i]
}

// needs skips a test on an API server older than Kubernetes 1.minor, which has
// not what the test is about. The one that `make test` builds has it all.
func needs(t *testing.T, minor int) {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(adminConfig)
	if err != nil {
		t.Fatal(err)
	}
	version, err := client.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	has, err := strconv.Atoi(version.Minor)
	if err != nil {
		t.Fatalf("the API server is %s: %v", version, err)
	}
	if has < minor {
		t.Skipf("the API server is %s; this is of 1.%d", version, minor)
	}
}

func TestAPodStartsWhereTheNamespaceAssignsUsers(t *testing.T) {
	needs(t, 30)
	object := &corev1.Namespace{ObjectMeta: objectMeta("", "")}
	object.GenerateName, object.Annotations = "openshift-", map[string]string{injection.AnnotationUserRange: "1000920000/10000"}
	ns := createNamespace(t, object)
	objects := manifests(t, "openshift.yaml", "c1", ns)
	create(t, objects[0])
	create(t, objects[1])
	t.Cleanup(func() {
		_ = admin.Delete(context.Background(), objects[0])
		_ = admin.Delete(context.Background(), objects[1])
	})
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := podsOf(objects, ns)[0]
	refused(t, without(fixed(pod)), "runAsUser must be in")

	context := admitted(t, pod).SecurityContext
	if context.RunAsUser != nil || context.RunAsGroup != nil || !*context.RunAsNonRoot {
		t.Errorf("security context: %+v", context)
	}
}

// fixed user for the pod's app, as the sidecar has it elsewhere.
func fixed(pod *corev1.Pod) *corev1.Pod {
	out := pod.DeepCopy()
	user := int64(65532)
	out.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: &user}
	return out
}

func TestAnAssignedUserPassesTheRestrictedProfile(t *testing.T) {
	object := &corev1.Namespace{ObjectMeta: objectMeta("", "")}
	object.GenerateName, object.Annotations = "openshift-", map[string]string{injection.AnnotationUserRange: "1000920000/10000"}
	object.Labels = map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
	ns := createNamespace(t, object)
	installed(t, fixture.NewPolicy(ns, "lms"))
	if user := admitted(t, restricted(ns, "lms-0", "lms").Build()).SecurityContext.RunAsUser; user != nil {
		t.Errorf("it states user %d", *user)
	}
}

func TestAPodStartsUnderAQuotaOnLimits(t *testing.T) {
	ns := unrestricted(t)
	objects := manifests(t, "quota.yaml", "c2", ns)
	quota := objects[0].(*corev1.ResourceQuota)
	create(t, quota)
	// No controller does this here.
	quota.Status.Hard, quota.Status.Used = quota.Spec.Hard, corev1.ResourceList{}
	for name := range quota.Spec.Hard {
		quota.Status.Used[name] = resource.MustParse("0")
	}
	if err := admin.Status().Update(context.Background(), quota); err != nil {
		t.Fatal(err)
	}
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := podsOf(objects, ns)[0]
	unlimited := without(pod)
	unlimited.Spec.InitContainers = []corev1.Container{{Name: "unlimited", Image: "registry.example/lms:1"}}
	refused(t, unlimited, "must specify limits.cpu for: unlimited")

	if limit := admitted(t, pod).Resources.Limits[corev1.ResourceCPU]; limit.String() != "500m" {
		t.Errorf("limit of cpu %s", limit.String())
	}
}

func TestAPodStartsUnderLimitRanges(t *testing.T) {
	for named, says := range map[string]string{
		"c3a": "minimum cpu usage per Container is 100m",
		"c3b": "max limit to request ratio per Container is",
	} {
		t.Run(named, func(t *testing.T) {
			ns := unrestricted(t)
			objects := manifests(t, "limitrange.yaml", named, ns)
			for _, object := range objects {
				if r, ok := object.(*corev1.LimitRange); ok && r.Namespace == ns {
					create(t, r)
				}
			}
			installed(t, fixture.NewPolicy(ns, "lms"))
			pod := podsOf(objects, ns)[0]
			bad := without(pod)
			bad.Spec.InitContainers = []corev1.Container{{Name: "bad", Image: "registry.example/lms:1", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{"cpu": resource.MustParse("10m"), "memory": resource.MustParse("64Mi")},
				Limits:   corev1.ResourceList{"memory": resource.MustParse("256Mi")},
			}}}
			refused(t, bad, says)
			admitted(t, pod)
		})
	}
}

func TestTheSidecarTakesWhatALimitOfWholePodsLeaves(t *testing.T) {
	ns := unrestricted(t)
	list := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory)}
	}
	limits := &corev1.LimitRange{ObjectMeta: objectMeta(ns, "pods"), Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{
		{Type: corev1.LimitTypePod, Max: list("700m", "384Mi"), MaxLimitRequestRatio: corev1.ResourceList{"memory": resource.MustParse("3")}},
	}}}
	create(t, limits)
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := fixture.NewPod(ns, "", "lms").With(func(p *corev1.Pod) {
		p.UID, p.GenerateName = "", "lms-"
		p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: list("100m", "128Mi"), Limits: list("500m", "256Mi")}
	}).Build()
	large := without(pod)
	large.Spec.Containers[0].Resources.Limits = list("1", "512Mi")
	refused(t, large, "maximum cpu usage per Pod is 700m")

	got := admitted(t, pod).Resources.Limits
	if cpu, memory := got[corev1.ResourceCPU], got[corev1.ResourceMemory]; cpu.String() != "200m" || memory.String() != "128Mi" {
		t.Errorf("limits: cpu %s, memory %s", cpu.String(), memory.String())
	}
}

func TestAPodStartsWithResourcesOfItsOwn(t *testing.T) {
	needs(t, 34)
	ns := unrestricted(t)
	objects := manifests(t, "pod-level.yaml", "c4", ns)
	installed(t, fixture.NewPolicy(ns, "lms"))
	for _, pod := range podsOf(objects, ns) {
		before := pod.DeepCopy()
		if pod.Labels["app"] != "lms" {
			create(t, pod)
			continue
		}
		sidecar := admitted(t, pod)
		want := before.Spec.Resources.Limits.Memory().DeepCopy()
		want.Add(*sidecar.Resources.Limits.Memory())
		if got := pod.Spec.Resources.Limits.Memory(); !got.Equal(want) {
			t.Errorf("pod %s: the pod's limit of memory is %s, want %s", pod.Name, got, &want)
		}
	}
}

func TestTheSidecarEndsBeforeADatabaseProxy(t *testing.T) {
	ns := unrestricted(t)
	installed(t, fixture.NewPolicy(ns, "lms"))
	want := map[string]string{
		"lms-proxy":       "cloud-sql-proxy progress-sync",
		"lms-proxy-last":  "cloud-sql-proxy progress-sync",
		"lms-proxy-plain": "progress-sync",
	}
	for _, pod := range podsOf(manifests(t, "proxy.yaml", "d14", ns), ns) {
		admitted(t, pod)
		if got := fixture.InitNames(pod); got != want[pod.Name] {
			t.Errorf("pod %s: %s, want %s", pod.Name, got, want[pod.Name])
		}
	}
}

func TestAPodForWindowsNodesIsLeftAlone(t *testing.T) {
	ns := unrestricted(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	pod := podsOf(manifests(t, "windows.yaml", "", ns), ns)[0]
	create(t, pod)
	if injection.HasSidecar(pod) {
		t.Error("it was injected")
	}
	if e := event(t, policy, "InjectionRefused"); !strings.Contains(e.Note, "WindowsPod") {
		t.Errorf("event: %s", e.Note)
	}
}

func TestTheAppsOwnConfigMapNamesItsSidecar(t *testing.T) {
	ns := unrestricted(t)
	objects := manifests(t, "envfrom.yaml", "", ns)
	create(t, objects[0])
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := podsOf(objects, ns)[0]
	other := pod.DeepCopy()
	other.Name, other.Spec.Containers[0].EnvFrom[0].Prefix = "other", "LMS_"

	admitted(t, pod)
	if env := pod.Spec.Containers[0].Env; len(env) != 0 {
		t.Errorf("what envFrom says is hidden by %v", env)
	}
	admitted(t, other)
	if env := other.Spec.Containers[0].Env; len(env) != 1 || env[0].Name != injection.URLVariable {
		t.Errorf("with a prefix that makes another name of it: %v", env)
	}
}

func TestTheSidecarGetsNoTokenOfThePodsAccount(t *testing.T) {
	ns := namespace(t)
	installed(t, fixture.NewPolicy(ns, "lms"))
	pod := restricted(ns, "lms-0", "lms").Build()
	sidecar := admitted(t, pod)
	at := func(c corev1.Container) string {
		for _, mount := range c.VolumeMounts {
			if mount.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount" {
				return mount.Name
			}
		}
		return ""
	}
	if !strings.HasPrefix(at(pod.Spec.Containers[0]), "kube-api-access-") {
		t.Fatalf("the app has no token, so nothing is shown: %q", at(pod.Spec.Containers[0]))
	}
	if at(sidecar) != injection.VolumeNoToken {
		t.Errorf("the sidecar has %q there", at(sidecar))
	}
	for _, mount := range sidecar.VolumeMounts {
		if !injection.IsOwnVolume(mount.Name) {
			t.Errorf("it has a mount of %s", mount.Name)
		}
	}
}

func TestEachRefusedPodHasAnEvent(t *testing.T) {
	ns := unrestricted(t)
	policy := installed(t, fixture.NewPolicy(ns, "lms"))
	names := []string{"lms-0", "lms-1", "lms-2", "lms-3"}
	for _, name := range names {
		create(t, fixture.NewPod(ns, name, "lms").HostNetwork().With(func(p *corev1.Pod) { p.UID = "" }).Build())
	}
	for _, name := range names {
		kit.Eventually(t, "an event that names "+name, func() error {
			notes := notesOf(t, policy, "InjectionRefused")
			return kit.Unless(slices.ContainsFunc(notes, func(note string) bool { return strings.Contains(note, "pod "+name+" ") }), strings.Join(notes, "\n"))
		})
	}
}
