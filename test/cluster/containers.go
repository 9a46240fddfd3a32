package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/progress-sync/progress-sync/test/cluster/process"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// processes are all that run for the cluster: what was started and its
// children, which carry the run folder's variable, and the containers, whose root
// lies in it.
func (o Options) processes() ([]int, error) {
	members, err := process.Group{Dir: o.RunDir()}.Members()
	if err != nil {
		return nil, err
	}
	contained, err := process.RootedIn(o.RunDir())
	if err != nil {
		return nil, err
	}
	return append(members, contained...), nil
}

// containers are the ids of the containers that containerd knows or that run.
// Their cgroups have them as names.
func (o Options) containers() ([]string, error) {
	var ids []string
	tasks, err := filepath.Glob(o.path("containerd-state", "io.containerd.runtime.v2.task", "k8s.io", "*"))
	if err != nil {
		return nil, fmt.Errorf("listing containers: %w", err)
	}
	for _, task := range tasks {
		ids = append(ids, filepath.Base(task))
	}
	pids, err := process.RootedIn(o.RunDir())
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		for _, path := range process.Cgroups(pid) {
			ids = append(ids, filepath.Base(path))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// cgroupParent is where containerd puts containers whose pod has no cgroup.
const cgroupParent = "k8s.io"

// removeCgroups removes the cgroups of containers that have ended, on every
// hierarchy, and their parent if no other containerd uses it. A cgroup stays
// busy until the kernel is done with its last process.
func removeCgroups(ctx context.Context, containers []string) error {
	err := wait.Until(ctx, stopTimeout, "the end of the containers' cgroups", func(context.Context) error {
		var failures []error
		for _, hierarchy := range hierarchies() {
			for _, id := range containers {
				failures = append(failures, removeEmpty(filepath.Join(hierarchy, cgroupParent, id)))
			}
		}
		return errors.Join(failures...)
	})
	for _, hierarchy := range hierarchies() {
		_ = removeEmpty(filepath.Join(hierarchy, cgroupParent))
	}
	return err
}

// hierarchies are where cgroups may be, of version 2 and of version 1.
func hierarchies() []string { return []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} }

func removeEmpty(pattern string) error {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return fmt.Errorf("listing cgroups: %w", err)
	}
	for _, dir := range dirs {
		if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing the cgroup %s: %w", dir, err)
		}
	}
	return nil
}
