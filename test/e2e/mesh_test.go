//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// A mesh in its strict mode answers no connection from outside of the mesh, and
// the kubelet's are such.
func TestAPodStaysInServiceWhereTheKubeletIsNotLetNearTheStatusPort(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	c.learners(pod.Name, 5)
	c.acknowledged(pod.Name, 20)
	open := c.rejectFromOutside(pod)
	// A liveness probe that failed from here on would end the sidecar after a
	// minute.
	throughout(t, time.After(80*time.Second), func() error {
		return errors.Join(c.ready(t.Context(), pod), unrestarted(pod))
	})
	c.killSidecar(pod)
	c.restarted(pod, 1)
	c.acknowledged(pod.Name, 20)
	open()
	c.stopAndSave(pod.Name)
	c.verify()
}

// rejectFromOutside lets nothing on this machine, the kubelet least of all,
// connect to the status port of a pod, until the returned function is called.
func (c *campus) rejectFromOutside(pod *corev1.Pod) (open func()) {
	c.t.Helper()
	table := "e2e_" + c.database
	nft := func(args ...string) error {
		if output, err := exec.Command("nft", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("nft %v: %w: %s", args, err, output)
		}
		return nil
	}
	opened := false
	open = func() {
		if opened {
			return
		}
		opened = true
		if err := nft("delete", "table", "inet", table); err != nil {
			c.t.Error(err)
		}
	}
	if err := nft("add", "table", "inet", table); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(open)
	err := errors.Join(
		nft("add", "chain", "inet", table, "out", "{ type filter hook output priority 0; }"),
		nft("add", "rule", "inet", table, "out", "ip", "daddr", pod.Status.PodIP, "tcp", "dport", fmt.Sprint(statusPort), "reject", "with", "tcp", "reset"),
	)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.sidecar(pod.Name); err == nil {
		c.t.Fatal("the status port still answers from outside")
	}
	return open
}
