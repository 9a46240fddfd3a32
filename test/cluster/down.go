package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/cluster/process"
)

// stopTimeout bounds the removal of a cluster.
const stopTimeout = time.Minute

// Down ends the cluster of the run folder and removes everything that it made
// on the machine. It does nothing to a cluster that KUBECONFIG names.
func Down(ctx context.Context, o Options) error {
	if os.Getenv("KUBECONFIG") != "" {
		if _, ok := o.readRecord(); !ok {
			o.Say("the cluster of KUBECONFIG was not started here and stays")
			return nil
		}
	}
	unlock, err := o.lock()
	if err != nil {
		return err
	}
	defer unlock()
	begin := time.Now()
	if err := o.remove(ctx); err != nil {
		return err
	}
	o.Say("the cluster is gone after %s", time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// remove leaves nothing of the run folder's cluster, however it ended.
func (o Options) remove(ctx context.Context) error {
	group := process.Group{Dir: o.RunDir()}
	recorded, known := o.readRecord()
	if known {
		o.Number = recorded.Number
	}
	marked, err := group.Marked()
	if err != nil {
		return err
	}
	if !known && len(marked) == 0 && !o.ownsBridge(ctx) {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("removing the cluster needs root, as starting it did")
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	// The mark is on what was started and its children, the shims among them;
	// the cgroup is on the containers.
	ours := func() ([]int, error) {
		marked, err := group.Marked()
		if err != nil {
			return nil, err
		}
		contained, err := process.InCgroup(":" + o.cgroup() + "/")
		return append(marked, contained...), err
	}
	if err := process.KillAll(ctx, ours); err != nil {
		return err
	}
	if err := o.unmount(); err != nil {
		return err
	}
	if err := errors.Join(o.removeNetwork(ctx), o.removeCgroups(), o.removeTraces(), o.restoreForwarding(recorded)); err != nil {
		return err
	}
	for _, dir := range []string{o.sockets(), o.RunDir()} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing the run folder: %w", err)
		}
	}
	left, err := Leftovers(ctx, o)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("the cluster left behind: %s", strings.Join(left, "; "))
	}
	return nil
}

// unmount detaches everything below the run folder, the newest first. The run
// folder must not be removed while anything is mounted in it: a volume may be
// a window to elsewhere.
func (o Options) unmount() error {
	mounts, err := o.mounts()
	if err != nil {
		return err
	}
	for i := len(mounts) - 1; i >= 0; i-- {
		if err := syscall.Unmount(mounts[i], syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("unmounting %s: %w", mounts[i], err)
		}
	}
	left, err := o.mounts()
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("still mounted: %s", strings.Join(left, ", "))
	}
	return nil
}

// mounts are the mount points below the run folder and the sockets' folder, in
// the order in which they were made.
func (o Options) mounts() ([]string, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("listing mounts: %w", err)
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var found []string
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		const mountPoint = 4
		if len(fields) <= mountPoint {
			continue
		}
		path := unescape.Replace(fields[mountPoint])
		if strings.HasPrefix(path, o.RunDir()+"/") || strings.HasPrefix(path, o.sockets()+"/") {
			found = append(found, path)
		}
	}
	return found, nil
}

// cgroups are the folders of the containers' cgroups, the deepest last.
func (o Options) cgroups() ([]string, error) {
	var roots, found []string
	for _, pattern := range []string{"/sys/fs/cgroup" + o.cgroup(), "/sys/fs/cgroup/*" + o.cgroup()} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("listing cgroups: %w", err)
		}
		roots = append(roots, matches...)
	}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("listing cgroups: %w", err)
		}
	}
	return found, nil
}

func (o Options) removeCgroups() error {
	found, err := o.cgroups()
	if err != nil {
		return err
	}
	var failures []error
	for i := len(found) - 1; i >= 0; i-- {
		if err := syscall.Rmdir(found[i]); err != nil && !errors.Is(err, syscall.ENOENT) {
			failures = append(failures, fmt.Errorf("removing the cgroup %s: %w", found[i], err))
		}
	}
	return errors.Join(failures...)
}

// traces are files that the kubelet and the network plugins write to places
// that can't be chosen: links to logs, and results that CNI keeps.
func (o Options) traces() ([]string, error) {
	var found []string
	results, err := filepath.Glob("/var/lib/cni/results/" + o.bridge() + "-*")
	if err != nil {
		return nil, fmt.Errorf("listing CNI's results: %w", err)
	}
	found = append(found, results...)
	links, err := filepath.Glob("/var/log/containers/*.log")
	if err != nil {
		return nil, fmt.Errorf("listing links to logs: %w", err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, o.RunDir()+"/") {
			found = append(found, link)
		}
	}
	return found, nil
}

func (o Options) removeTraces() error {
	found, err := o.traces()
	if err != nil {
		return err
	}
	for _, path := range found {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a trace of the cluster: %w", err)
		}
	}
	// These go only if they are empty, so other users of them keep theirs.
	for _, dir := range []string{"/var/lib/cni/results", "/var/lib/cni", "/var/log/containers"} {
		_ = syscall.Rmdir(dir)
	}
	return nil
}

func (o Options) restoreForwarding(r record) error {
	if r.Forwarding == "" {
		return nil
	}
	if err := os.WriteFile(forwarding, []byte(r.Forwarding+"\n"), 0o644); err != nil {
		return fmt.Errorf("restoring IPv4 forwarding: %w", err)
	}
	return nil
}
