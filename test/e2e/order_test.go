//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

// proxiedPod reaches the database only through a proxy of its own, a native
// sidecar or an ordinary container. Its learners go on for a while after the pod
// is deleted.
func (c *campus) proxiedPod(name string, native bool) *corev1.Pod {
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
		proxy := corev1.Container{
			Name: "database-proxy", Image: dbproxyImage, ImagePullPolicy: corev1.PullIfNotPresent,
			Env:             []corev1.EnvVar{{Name: "LISTEN", Value: listen}, {Name: "DATABASE", Value: database}},
			SecurityContext: app.SecurityContext.DeepCopy(),
		}
		if native {
			proxy.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
			p.Spec.InitContainers = append(p.Spec.InitContainers, proxy)
		} else {
			p.Spec.Containers = append(p.Spec.Containers, proxy)
		}
	})
}

func TestWhatIsWatchedToTheEndIsSavedThroughADatabaseProxyOfThePodsOwn(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	// Only the drain can save what comes after the pod is deleted.
	c.apply(func(spec *v1alpha1.ProgressSyncPolicySpec) { spec.Sync.Interval.Duration = time.Hour })
	pod := c.start(c.proxiedPod("lms-0", true))
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
	kit.EventuallyWithin(t, patience, "the sidecar has ended", func() error {
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

func TestAProxyThatEndsBeforeTheSidecarIsToldOf(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.apply()
	pod := c.start(c.proxiedPod("lms-0", false))
	t.Cleanup(func() { c.release(pod) })
	c.eventuallyPolicy("the status tells of the proxy", func(p *v1alpha1.ProgressSyncPolicy) error {
		return errors.Join(
			condition(p, v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonProxyEndsFirst),
			condition(p, v1alpha1.ConditionReady, metav1.ConditionTrue, ""),
		)
	})
}
