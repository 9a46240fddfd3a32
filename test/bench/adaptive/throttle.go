package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// throttle is a cgroup for CPU that holds a server.
type throttle struct{ folder string }

// quota of the scheduler in each period, in microseconds: the shortest that there is,
// so that a server with less CPU is slow rather than stopped by turns.
const quota = 1000

// newThrottle puts a process and its children into a cgroup of their own. Those that
// they fork follow.
func newThrottle(pid int) (*throttle, error) {
	t := &throttle{filepath.Join("/sys/fs/cgroup/cpu", fmt.Sprintf("progress-sync-bench-%d", os.Getpid()))}
	if err := os.Mkdir(t.folder, 0o755); err != nil {
		return nil, fmt.Errorf("making a cgroup for the server: %w", err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the server's processes: %w", err), t.close())
	}
	for _, p := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		if err := t.write("cgroup.procs", p); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	return t, nil
}

// allow gives the server so much of one processor; 0 is no bound.
func (t *throttle) allow(share float64) error {
	if share == 0 {
		return t.write("cpu.cfs_quota_us", "-1")
	}
	if err := t.write("cpu.cfs_period_us", strconv.Itoa(int(quota/share))); err != nil {
		return err
	}
	return t.write("cpu.cfs_quota_us", strconv.Itoa(quota))
}

// used is the CPU time that the server's processes that live have used, in seconds.
func (t *throttle) used() (float64, error) {
	content, err := os.ReadFile(filepath.Join(t.folder, "cgroup.procs"))
	if err != nil {
		return 0, fmt.Errorf("reading the server's CPU time: %w", err)
	}
	var nanoseconds float64
	for pid := range strings.FieldsSeq(string(content)) {
		stat, err := os.ReadFile("/proc/" + pid + "/schedstat")
		if err != nil {
			continue // ended since
		}
		first, _, _ := strings.Cut(string(stat), " ")
		n, err := strconv.ParseFloat(first, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the server's CPU time: %w", err)
		}
		nanoseconds += n
	}
	return nanoseconds / 1e9, nil
}

func (t *throttle) write(file, content string) error {
	if err := os.WriteFile(filepath.Join(t.folder, file), []byte(content), 0o644); err != nil {
		return fmt.Errorf("throttling the server: %w", err)
	}
	return nil
}

// close removes the cgroup, whose processes must have ended.
func (t *throttle) close() error { return os.Remove(t.folder) }
