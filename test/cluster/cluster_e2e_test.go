//go:build e2e

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/kit"
)

const probeImage = "progress-sync.local/probe:1"

// TestMain starts a cluster where none runs, and then ends it.
func TestMain(m *testing.M) {
	o, err := cluster.FromEnvironment(os.Stdout)
	code := 1
	if err == nil {
		code, err = withCluster(context.Background(), o, m.Run)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withCluster(ctx context.Context, o cluster.Options, run func() int) (int, error) {
	running, err := cluster.Up(ctx, o)
	if err != nil {
		return 0, err
	}
	builder := images.Builder{Root: o.Root, Dir: o.Images(), Out: o.Out}
	built, err := builder.Build(ctx, images.Image{Ref: probeImage, Package: "./test/cluster/probe", Name: "probe"})
	if err == nil {
		err = running.Load(ctx, built...)
	}
	code := 1
	if err == nil {
		code = run()
	}
	if running.Started() {
		err = errors.Join(err, cluster.Down(ctx, o))
	}
	return code, err
}

func options(t *testing.T) cluster.Options {
	t.Helper()
	o, err := cluster.FromEnvironment(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fixture is a namespace of its own on the running cluster.
type fixture struct {
	client    kubernetes.Interface
	namespace string
}

func setUp(t *testing.T) fixture {
	t.Helper()
	running, err := cluster.Running(t.Context(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", running.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "cluster-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), namespace.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return fixture{client: client, namespace: namespace.Name}
}

// patience bounds every wait for a condition.
const patience = 2 * time.Minute

func probe(name, listen string) corev1.Container {
	no, yes := false, true
	return corev1.Container{
		Name: name, Image: probeImage, ImagePullPolicy: corev1.PullIfNotPresent,
		Env: []corev1.EnvVar{{Name: "LISTEN", Value: listen}},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, RunAsNonRoot: &yes, ReadOnlyRootFilesystem: &yes,
			Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

// run creates a pod and waits until it is ready.
func (f fixture) run(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	pods := f.client.CoreV1().Pods(f.namespace)
	if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	var ready *corev1.Pod
	kit.EventuallyWithin(t, patience, "pod "+pod.Name+" to be ready", func() error {
		got, err := pods.Get(t.Context(), pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range got.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				ready = got
				return nil
			}
		}
		return fmt.Errorf("pod is %s: %v", got.Status.Phase, got.Status.ContainerStatuses)
	})
	return ready
}

func get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), nil
}

func TestANativeSidecarUnderTheRestrictedProfileEndsAfterTheApp(t *testing.T) {
	f := setUp(t)
	always := corev1.ContainerRestartPolicyAlways
	sidecar := probe("sidecar", ":8081")
	sidecar.RestartPolicy = &always
	const finalizer = "progresssync.dev/test"
	f.run(t, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "order", Finalizers: []string{finalizer}},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{sidecar},
			Containers:     []corev1.Container{probe("app", ":8080")},
		},
	})
	pods := f.client.CoreV1().Pods(f.namespace)
	if err := pods.Delete(t.Context(), "order", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	var app, side time.Time
	kit.EventuallyWithin(t, patience, "both containers to leave their termination message", func() error {
		pod, err := pods.Get(t.Context(), "order", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if app, err = endedAt(pod.Status.ContainerStatuses, "app"); err != nil {
			return err
		}
		side, err = endedAt(pod.Status.InitContainerStatuses, "sidecar")
		return err
	})
	if !app.Before(side) {
		t.Errorf("the app ended at %s, the sidecar before it at %s", app, side)
	}
	release := []byte(`{"metadata":{"finalizers":null}}`)
	if _, err := pods.Patch(t.Context(), "order", "application/merge-patch+json", release, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func endedAt(statuses []corev1.ContainerStatus, name string) (time.Time, error) {
	for _, status := range statuses {
		if status.Name != name {
			continue
		}
		if status.State.Terminated == nil {
			return time.Time{}, fmt.Errorf("%s has not ended", name)
		}
		return time.Parse(time.RFC3339Nano, status.State.Terminated.Message)
	}
	return time.Time{}, fmt.Errorf("no status of %s", name)
}

func TestAServiceIsReachableFromThisMachineAndFromAPodBesideItsOwn(t *testing.T) {
	f := setUp(t)
	server := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "server", Labels: map[string]string{"app": "server"}, Annotations: map[string]string{"greeting": "hello"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{probe("server", ":8080")}},
	}
	server.Spec.Volumes = []corev1.Volume{{Name: "about", VolumeSource: corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{
		Items: []corev1.DownwardAPIVolumeFile{{Path: "greeting", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.annotations['greeting']"}}},
	}}}}
	server.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "about", MountPath: "/about"}}
	f.run(t, server)
	client := f.run(t, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "client"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{probe("client", ":8080")}},
	})
	service, err := f.client.CoreV1().Services(f.namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "server"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "server"},
			Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	direct := "http://" + service.Spec.ClusterIP + "/file?path=/about/greeting"
	addresses := map[string]string{
		"this machine": direct,
		"a pod":        "http://" + client.Status.PodIP + ":8080/fetch?url=" + url.QueryEscape(direct),
	}
	for from, address := range addresses {
		kit.EventuallyWithin(t, patience, "an answer of the service from "+from, func() error {
			answer, err := get(t.Context(), address)
			if err != nil {
				return err
			}
			if answer != "hello" {
				return fmt.Errorf("the service answered %q", answer)
			}
			return nil
		})
	}
}

func TestAChangedConfigMapArrivesInTheVolume(t *testing.T) {
	f := setUp(t)
	maps := f.client.CoreV1().ConfigMaps(f.namespace)
	config, err := maps.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "config"}, Data: map[string]string{"value": "first"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{probe("reader", ":8080")}},
	}
	pod.Spec.Volumes = []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "config"},
	}}}}
	pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "config", MountPath: "/config"}}
	reader := f.run(t, pod)
	has := func(want string) {
		t.Helper()
		kit.EventuallyWithin(t, patience, "the value "+want+" in the volume", func() error {
			got, err := get(t.Context(), "http://"+reader.Status.PodIP+":8080/file?path=/config/value")
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("the volume holds %q", got)
			}
			return nil
		})
	}
	has("first")
	config.Data["value"] = "second"
	changed := time.Now()
	if _, err := maps.Update(t.Context(), config, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	has("second")
	t.Logf("the change arrived after %s", time.Since(changed).Round(100*time.Millisecond))
}
