//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/progress-sync/progress-sync/test/cluster/process"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestKillingTheSidecarUnderLoadAgainAndAgainLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	c.learners(pod.Name, 40)
	const kills = 5
	for n := range int32(kills) {
		c.acknowledged(pod.Name, 300)
		c.killSidecar(pod)
		s := c.restarted(pod, n+1)
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady {
				t.Logf("back in service %s after the sidecar's start", condition.LastTransitionTime.Sub(s.State.Running.StartedAt.Time))
			}
		}
	}
	c.acknowledged(pod.Name, 300)
	c.stopAndSave(pod.Name)
	c.verify()
}

// restarted waits until the pod's sidecar has been so often, and the pod is back
// in service.
func (c *campus) restarted(pod *corev1.Pod, times int32) (s corev1.ContainerStatus) {
	c.t.Helper()
	kit.EventuallyWithin(c.t, patience, "the sidecar is started again, and the pod back in service", func() error {
		if err := c.ready(c.t.Context(), pod); err != nil {
			return err
		}
		var err error
		if s, err = sidecarStatus(pod); err != nil {
			return err
		}
		if s.RestartCount != times || s.State.Running == nil {
			return fmt.Errorf("the sidecar was restarted %d times and is %+v", s.RestartCount, s.State)
		}
		return nil
	})
	return s
}

// killSidecar sends SIGKILL to the process of a pod's sidecar.
func (c *campus) killSidecar(pod *corev1.Pod) {
	c.t.Helper()
	for _, pid := range c.sidecarProcesses(pod) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			c.t.Fatal(err)
		}
	}
}

// sidecarProcesses are those of a pod's sidecar. The container's cgroup tells
// which they are, wherever on this machine the node runs.
func (c *campus) sidecarProcesses(pod *corev1.Pod) []int {
	c.t.Helper()
	s, err := sidecarStatus(pod)
	if err != nil {
		c.t.Fatal(err)
	}
	_, id, found := strings.Cut(s.ContainerID, "://")
	if !found {
		c.t.Fatalf("the sidecar of pod %s has no container: %+v", pod.Name, s)
	}
	pids, err := process.InCgroup(id)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(pids) == 0 {
		c.t.Fatalf("no process of container %s on this machine", id)
	}
	return pids
}
