//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
)

// proxiedPod makes a pod reach the database only through a proxy of its own, a
// native sidecar, whose learners go on for a while after the pod is deleted.
func (c *campus) proxiedPod(name string) *corev1.Pod {
	const listen = "127.0.0.1:15432"
	uri, err := url.Parse(c.uri())
	if err != nil {
		c.t.Fatal(err)
	}
	database := net.JoinHostPort(c.host, uri.Port())
	uri.Host = listen
	c.storeSecret(uri.String())
	return c.lmsPod(name, func(p *corev1.Pod) {
		p.Finalizers = []string{finalizer}
		app := &p.Spec.Containers[0]
		app.Env = append(app.Env, corev1.EnvVar{Name: "LINGER", Value: "3s"})
		p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{
			Name: "database-proxy", Image: dbproxyImage, ImagePullPolicy: corev1.PullIfNotPresent,
			RestartPolicy:   ptr.To(corev1.ContainerRestartPolicyAlways),
			Env:             []corev1.EnvVar{{Name: "LISTEN", Value: listen}, {Name: "DATABASE", Value: database}},
			SecurityContext: app.SecurityContext.DeepCopy(),
		})
	})
}

func TestWhatIsWatchedToTheEndIsSavedThroughADatabaseProxyOfThePodsOwn(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	// Only the drain can save what comes after the pod is deleted.
	c.apply(func(spec *v1alpha1.ProgressSyncPolicySpec) { spec.Sync.Interval.Duration = time.Hour })
	pod := c.start(c.proxiedPod("lms-0"))
	t.Cleanup(func() { c.release(pod) })
	at := func(name string) int {
		return slices.IndexFunc(pod.Spec.InitContainers, func(container corev1.Container) bool { return container.Name == name })
	}
	if at(sidecarName) < at("database-proxy") {
		t.Errorf("the sidecar is number %d of the init containers, the proxy %d: the proxy ends first", at(sidecarName), at("database-proxy"))
	}
	c.learners(pod.Name, 40)
	c.acknowledged(pod.Name, 300)
	if err := c.client.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sidecar has ended", func() error {
		if err := c.client.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		s, err := sidecarStatus(pod)
		if err != nil {
			return err
		}
		if s.State.Terminated == nil {
			return fmt.Errorf("the sidecar is %+v", s.State)
		}
		if !strings.Contains(s.State.Terminated.Message, "drained") {
			t.Errorf("the sidecar's termination message is %q", s.State.Terminated.Message)
		}
		return nil
	})
	c.verify()
}
