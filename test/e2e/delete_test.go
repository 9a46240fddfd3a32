//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/progress-sync/progress-sync/test/kit"
)

// finalizer keeps a deleted pod's last status readable.
const finalizer = "progresssync.dev/e2e"

func TestDeletingTheLMSPodUnderLoadEndsTheAppFirstAndDrainsTheSidecar(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0", func(p *corev1.Pod) { p.Finalizers = []string{finalizer} }))
	t.Cleanup(func() { c.release(pod) })
	c.learners(pod.Name, 40)
	c.acknowledged(pod.Name, 500)
	if err := c.client.Delete(t.Context(), pod); err != nil {
		t.Fatal(err)
	}

	var app, sidecar *corev1.ContainerStateTerminated
	kit.EventuallyWithin(t, patience, "both containers have ended", func() error {
		if err := c.client.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		s, err := sidecarStatus(pod)
		if err != nil {
			return err
		}
		sidecar, app = s.State.Terminated, pod.Status.ContainerStatuses[0].State.Terminated
		if sidecar == nil || app == nil {
			return fmt.Errorf("the app is %+v, the sidecar %+v", pod.Status.ContainerStatuses[0].State, s.State)
		}
		return nil
	})
	if sidecar.FinishedAt.Before(&app.FinishedAt) {
		t.Errorf("the sidecar ended at %s, the app after it at %s", sidecar.FinishedAt, app.FinishedAt)
	}
	if app.ExitCode != 0 || sidecar.ExitCode != 0 {
		t.Errorf("the app ended with %d, the sidecar with %d", app.ExitCode, sidecar.ExitCode)
	}
	if !strings.Contains(sidecar.Message, "drained") {
		t.Errorf("the sidecar's termination message is %q", sidecar.Message)
	}
	c.verify()
}

// release lets a deleted pod go.
func (c *campus) release(pod *corev1.Pod) {
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	if err := c.client.Patch(c.background(), pod, patch); client.IgnoreNotFound(err) != nil {
		c.t.Errorf("releasing pod %s: %v", pod.Name, err)
	}
}
