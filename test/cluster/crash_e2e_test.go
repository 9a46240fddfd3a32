//go:build e2e

package cluster_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/cluster/process"
	"github.com/progress-sync/progress-sync/test/kit"
)

// TestDownRemovesWhatAKilledStartLeftBehind runs a second cluster in a network
// namespace of its own, since kube-proxy's tables can be there only once.
func TestDownRemovesWhatAKilledStartLeftBehind(t *testing.T) {
	o := options(t)
	command := filepath.Join(t.TempDir(), "cluster")
	execute(t, exec.CommandContext(t.Context(), "go", "build", "-o", command, "./cmd/cluster"))
	cache := t.TempDir()
	if err := os.Symlink(o.Bin(), filepath.Join(cache, "bin")); err != nil {
		t.Fatal(err)
	}
	network := newNetwork(t)
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.Command("nsenter", append([]string{"--net=" + network}, args...)...)
		cmd.Env = append(os.Environ(), "KUBECONFIG=", "PROGRESS_SYNC_CACHE="+cache, "PROGRESS_SYNC_CLUSTER_NUMBER=8")
		return cmd
	}
	execute(t, inside("ip", "link", "set", "lo", "up"))
	t.Cleanup(func() { execute(t, inside(command, "down")) })

	// nsenter becomes the command, so killing it kills the starter.
	starter := inside(command, "up")
	stdout, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		seen.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "node ready") {
			break
		}
	}
	if err := starter.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatalf("the starter ended before its node was ready: %v\n%s", err, &seen)
	}
	if err := starter.Wait(); err == nil {
		t.Fatal("the starter was not killed")
	}

	container := runPod(t, func(args ...string) *exec.Cmd {
		return inside(append([]string{o.Bin() + "/kubectl", "--kubeconfig", filepath.Join(cache, "run", "cluster", "kubeconfig")}, args...)...)
	})
	if pids, err := process.InCgroup(container); err != nil || len(pids) == 0 {
		t.Fatalf("the pod's container has the processes %v, %v", pids, err)
	}

	if output, err := inside(command, "check").CombinedOutput(); err == nil {
		t.Fatalf("nothing is left after the start was killed:\n%s", output)
	}
	t.Log(execute(t, inside(command, "down")))
	t.Log(execute(t, inside(command, "check")))
	if pids, err := process.InCgroup(container); err != nil || len(pids) > 0 {
		t.Errorf("processes of the pod are left: %v, %v", pids, err)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/*/" + container, "/sys/fs/cgroup/*/*/" + container} {
		if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
			t.Errorf("cgroups of the pod are left: %v, %v", left, err)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), cache) {
		t.Errorf("mounts are left below %s", cache)
	}
}

// runPod starts a pod and returns the id of its container once it runs.
func runPod(t *testing.T, kubectl func(args ...string) *exec.Cmd) string {
	t.Helper()
	kit.EventuallyWithin(t, patience, "the namespace takes pods", func() error {
		output, err := kubectl("run", "pod", "--image="+images.Pause().Ref, "--image-pull-policy=Never").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
		return nil
	})
	execute(t, kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/pod"))
	id := execute(t, kubectl("get", "pod", "pod", "--output=jsonpath={.status.containerStatuses[0].containerID}"))
	return strings.TrimPrefix(id, "containerd://")
}

// newNetwork returns the path of a network namespace that lives until the
// test's end: that of a process which reads from a pipe.
func newNetwork(t *testing.T) string {
	t.Helper()
	holder := exec.Command("unshare", "--net", "cat")
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(stdin.Close(), holder.Wait()); err != nil {
			t.Error(err)
		}
	})
	// An echo shows that unshare has become cat.
	if _, err := io.WriteString(stdin, "ready\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/proc/%d/ns/net", holder.Process.Pid)
}

func execute(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
	return string(output)
}
