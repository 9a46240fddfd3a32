//go:build chart

package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

// everything switches on all that is optional.
func everything() []string {
	return []string{
		"--set", "metrics.serviceMonitor.enabled=true",
		"--set", "metrics.podMonitor.enabled=true",
		"--set", "metrics.prometheusRule.enabled=true",
		"--set", "networkPolicy.enabled=true",
		"--set", "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",
		"--set", "imagePullSecrets[0].name=registry",
		"--set", "priorityClassName=system-cluster-critical",
		"--set", "podAnnotations.a=b", "--set", "podLabels.c=d", "--set", "commonLabels.e=f",
		"--set", "tolerations[0].operator=Exists",
		"--set", "serviceAccount.annotations.g=h",
		"--set", "webhook.service.annotations.i=j", "--set", "metrics.service.annotations.k=l",
	}
}

func TestDefaultsRenderTheExpectedObjects(t *testing.T) {
	var got []string
	for _, o := range render(t) {
		got = append(got, o.Kind+" "+o.Metadata.Name)
	}
	slices.Sort(got)
	want := []string{
		"ClusterRole progress-sync-manager-role",
		"ClusterRole progress-sync-policy-edit",
		"ClusterRole progress-sync-policy-view",
		"ClusterRoleBinding progress-sync-manager-rolebinding",
		"CustomResourceDefinition progresssyncpolicies.progresssync.dev",
		"Deployment progress-sync",
		"PodDisruptionBudget progress-sync",
		"Role progress-sync-manager-role",
		"RoleBinding progress-sync-manager-rolebinding",
		"Service progress-sync-metrics",
		"Service progress-sync-webhook",
		"ServiceAccount progress-sync",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestTheChartLeavesTheWebhookAndItsCertificateToTheOperator(t *testing.T) {
	for _, o := range render(t, everything()...) {
		if o.Kind == "Secret" || strings.Contains(o.Kind, "WebhookConfiguration") {
			t.Errorf("%s %s is rendered", o.Kind, o.Metadata.Name)
		}
	}
}

func TestRenderingIsStable(t *testing.T) {
	args := append([]string{"template", "a", chartDir, "--namespace", "b", kubeVersion}, everything()...)
	first, err := helm(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	second, err := helm(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second rendering differs:\n%s", diff)
	}
}

func TestLintFindsNothing(t *testing.T) {
	out, err := helm(t, append([]string{"lint", "--strict", chartDir, kubeVersion}, everything()...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestEveryObjectIsInTheReleaseAndLabelled(t *testing.T) {
	cluster := []string{"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
	for _, o := range render(t, everything()...) {
		want := "progress-sync"
		if slices.Contains(cluster, o.Kind) {
			want = ""
		}
		if o.Metadata.Namespace != want {
			t.Errorf("%s %s is in namespace %q", o.Kind, o.Metadata.Name, o.Metadata.Namespace)
		}
		for _, label := range []string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "helm.sh/chart", "e"} {
			if o.Metadata.Labels[label] == "" {
				t.Errorf("%s %s has no label %s", o.Kind, o.Metadata.Name, label)
			}
		}
	}
}

func TestObjectsHaveOnlyFieldsOfTheirTypes(t *testing.T) {
	objects := render(t, everything()...)
	one(t, objects, "Deployment").into(t, &appsv1.Deployment{})
	one(t, objects, "PodDisruptionBudget").into(t, &policyv1.PodDisruptionBudget{})
	one(t, objects, "NetworkPolicy").into(t, &networkingv1.NetworkPolicy{})
	one(t, objects, "ServiceAccount").into(t, &corev1.ServiceAccount{})
	one(t, objects, "CustomResourceDefinition").into(t, &apiextensionsv1.CustomResourceDefinition{})
	for _, service := range all(objects, "Service") {
		service.into(t, &corev1.Service{})
	}
}

func deployment(t *testing.T, args ...string) appsv1.Deployment {
	t.Helper()
	var d appsv1.Deployment
	one(t, render(t, args...), "Deployment").into(t, &d)
	return d
}

func TestEveryContainerMeetsTheRestrictedProfile(t *testing.T) {
	pod := deployment(t, everything()...).Spec.Template.Spec
	want := &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		RunAsNonRoot:             ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		if diff := cmp.Diff(want, c.SecurityContext); diff != "" {
			t.Errorf("container %s (-want +got):\n%s", c.Name, diff)
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("container %s has no requests or no memory limit", c.Name)
		}
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC {
		t.Error("the pod uses a namespace of the host")
	}
	for _, v := range pod.Volumes {
		if v.HostPath != nil {
			t.Errorf("volume %s is a host path", v.Name)
		}
	}
}

func TestWhoChoosesTheSidecarsUser(t *testing.T) {
	for want, args := range map[string][]string{
		"--sidecar-run-as=Auto":     nil,
		"--sidecar-run-as=Assigned": {"--set", "sidecar.runAs=Assigned"},
	} {
		if got := deployment(t, args...).Spec.Template.Spec.Containers[0].Args; !slices.Contains(got, want) {
			t.Errorf("%s is not among %q", want, got)
		}
	}
}

func TestReplicas(t *testing.T) {
	several := render(t, "--set", "replicas=3")
	one(t, several, "PodDisruptionBudget")
	if d := deployment(t, "--set", "replicas=3"); *d.Spec.Replicas != 3 {
		t.Errorf("%d replicas", *d.Spec.Replicas)
	}
	if single := render(t, "--set", "replicas=1"); len(all(single, "PodDisruptionBudget")) != 0 {
		t.Error("a budget with one replica would block every drain")
	}
}

// A pod that is killed before its delay is over drops the calls that still come.
func TestATerminatingPodHasTheTimeThatItsDelayNeeds(t *testing.T) {
	for name, tt := range map[string]struct {
		set   string
		arg   string
		grace int64
	}{
		"by default":          {"replicas=2", "--shutdown-delay=5s", 30},
		"with a longer delay": {"operator.shutdownDelaySeconds=40", "--shutdown-delay=40s", 65},
		"with no delay":       {"operator.shutdownDelaySeconds=0", "--shutdown-delay=0s", 30},
		"with more than that": {"terminationGracePeriodSeconds=90", "--shutdown-delay=5s", 90},
	} {
		t.Run(name, func(t *testing.T) {
			pod := deployment(t, "--set", tt.set).Spec.Template.Spec
			if !slices.Contains(pod.Containers[0].Args, tt.arg) {
				t.Errorf("no %s in %v", tt.arg, pod.Containers[0].Args)
			}
			if got := *pod.TerminationGracePeriodSeconds; got != tt.grace {
				t.Errorf("%d seconds, want %d", got, tt.grace)
			}
		})
	}
}

func TestImages(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	for name, tt := range map[string]struct {
		args              []string
		operator, sidecar string
	}{
		"the tag is the appVersion": {
			nil, "ghcr.io/progress-sync/operator:" + version(t), "ghcr.io/progress-sync/sidecar:" + version(t),
		},
		"repository and tag can be changed": {
			[]string{"--set", "image.repository=r.example:5000/op,image.tag=v7,sidecar.image.repository=r.example:5000/sc,sidecar.image.tag=v8"},
			"r.example:5000/op:v7", "r.example:5000/sc:v8",
		},
		"a digest wins over a tag": {
			[]string{"--set", "image.tag=v7,image.digest=" + digest + ",sidecar.image.digest=" + digest},
			"ghcr.io/progress-sync/operator@" + digest, "ghcr.io/progress-sync/sidecar@" + digest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := deployment(t, tt.args...).Spec.Template.Spec.Containers[0]
			if c.Image != tt.operator {
				t.Errorf("operator is %s, want %s", c.Image, tt.operator)
			}
			if !slices.Contains(c.Args, "--sidecar-image="+tt.sidecar) {
				t.Errorf("no sidecar image %s in %v", tt.sidecar, c.Args)
			}
		})
	}
}

func version(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../hack/VERSION")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

func TestTheChartIsOfTheProjectsVersion(t *testing.T) {
	content, err := os.ReadFile(chartDir + "/Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var chart struct{ Version, AppVersion string }
	if err := yaml.Unmarshal(content, &chart); err != nil {
		t.Fatal(err)
	}
	if v := version(t); chart.Version != v || chart.AppVersion != v {
		t.Errorf("the chart says %s and %s, hack/VERSION says %s", chart.Version, chart.AppVersion, v)
	}
}

func TestThePortsOfTheWebhookGoTogether(t *testing.T) {
	objects := render(t, "--set", "webhook.port=10250,metrics.port=9090")
	var d appsv1.Deployment
	one(t, objects, "Deployment").into(t, &d)
	c := d.Spec.Template.Spec.Containers[0]
	ports := map[string]int32{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
	}
	if diff := cmp.Diff(map[string]int32{"webhook": 10250, "metrics": 9090, "health": 8081}, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	for _, arg := range []string{"--webhook-port=10250", "--metrics-bind-address=:9090", "--service-name=progress-sync-webhook", "--cluster-role=progress-sync-manager-role"} {
		if !slices.Contains(c.Args, arg) {
			t.Errorf("no %s in %v", arg, c.Args)
		}
	}
	for _, o := range all(objects, "Service") {
		var s corev1.Service
		o.into(t, &s)
		if _, ok := ports[s.Spec.Ports[0].TargetPort.StrVal]; !ok {
			t.Errorf("service %s targets port %v, which the pod does not have", s.Name, s.Spec.Ports[0].TargetPort)
		}
		if diff := cmp.Diff(d.Spec.Selector.MatchLabels, s.Spec.Selector); diff != "" {
			t.Errorf("service %s does not select the pods:\n%s", s.Name, diff)
		}
	}
}

func TestNamesFollowTheRelease(t *testing.T) {
	out, err := helm(t, "template", "campus", chartDir, "--namespace", "ns", kubeVersion, "--show-only", "templates/rbac.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "name: campus-progress-sync-manager-role\n") {
		t.Errorf("objects are not named after the release:\n%s", out)
	}
}

// helm shows the notes of an installed release only, so a copy of the chart has
// them as an object.
func TestNotesTellHowToGoOn(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "progress-sync")
	if err := os.CopyFS(copied, os.DirFS(chartDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(copied, "templates", "NOTES.txt"), filepath.Join(copied, "NOTES")); err != nil {
		t.Fatal(err)
	}
	const template = "kind: ConfigMap\ndata:\n  notes: |\n    {{- tpl (.Files.Get \"NOTES\") . | nindent 4 }}\n"
	if err := os.WriteFile(filepath.Join(copied, "templates", "notes.yaml"), []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := helm(t, "template", "progress-sync", copied, kubeVersion, "--set", "replicas=1", "--show-only", "templates/notes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var notes struct{ Data struct{ Notes string } }
	if err := yaml.Unmarshal([]byte(out), &notes); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kind: ProgressSyncPolicy", "get psync", "$PROGRESS_SYNC_URL", "WARNING: with one replica"} {
		if !strings.Contains(notes.Data.Notes, want) {
			t.Errorf("the notes do not say %q:\n%s", want, notes.Data.Notes)
		}
	}
}

func TestAnOldClusterIsRefused(t *testing.T) {
	if _, err := helm(t, "template", "progress-sync", chartDir, "--kube-version=v1.28.9"); err == nil || !strings.Contains(err.Error(), "1.29") {
		t.Errorf("Kubernetes 1.28, which has no native sidecars, gives %v", err)
	}
}
