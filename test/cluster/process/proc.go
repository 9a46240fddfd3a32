package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

type info struct {
	start uint64
	ended bool
}

// read takes a process's state and start time from /proc/<pid>/stat.
func read(pid int) (info, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return info{}, fmt.Errorf("reading process %d: %w", pid, err)
	}
	// The second field is the program's name in parentheses, which may hold
	// spaces and parentheses itself.
	_, rest, found := strings.Cut(string(content[bytes.LastIndexByte(content, ')')+1:]), " ")
	fields := strings.Fields(rest)
	const state, startTime = 0, 19
	if !found || len(fields) <= startTime {
		return info{}, fmt.Errorf("reading process %d: unknown format of stat", pid)
	}
	start, err := strconv.ParseUint(fields[startTime], 10, 64)
	if err != nil {
		return info{}, fmt.Errorf("reading process %d: start time: %w", pid, err)
	}
	return info{start: start, ended: fields[state] == "Z" || fields[state] == "X"}, nil
}

// Members returns the ids of all processes that carry the group's variable.
func (g Group) Members() ([]int, error) {
	want := []byte(variable + "=" + g.Dir)
	return find(func(pid int) bool {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil {
			return false
		}
		for variable := range bytes.SplitSeq(environment, []byte{0}) {
			if bytes.Equal(variable, want) {
				return true
			}
		}
		return false
	})
}

// Cgroups returns the paths of a process's cgroups, one for each hierarchy.
func Cgroups(pid int) []string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil
	}
	var paths []string
	for line := range strings.Lines(string(content)) {
		if fields := strings.SplitN(strings.TrimSpace(line), ":", 3); len(fields) == 3 {
			paths = append(paths, fields[2])
		}
	}
	return paths
}

// InCgroup returns the ids of all processes whose cgroup's path contains part,
// a container's id for example, on any hierarchy.
func InCgroup(part string) ([]int, error) {
	return find(func(pid int) bool {
		cgroups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		return err == nil && bytes.Contains(cgroups, []byte(part))
	})
}

// RootedIn returns the ids of all processes whose root is an overlay that
// writes below dir: those of containers, whoever is their parent by now.
func RootedIn(dir string) ([]int, error) {
	writes := []byte("upperdir=" + dir + "/")
	return find(func(pid int) bool {
		mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
		if err != nil {
			return false
		}
		for mount := range bytes.Lines(mounts) {
			const mountPoint = 4
			fields := bytes.Fields(mount)
			if len(fields) > mountPoint && string(fields[mountPoint]) == "/" && bytes.Contains(mount, writes) {
				return true
			}
		}
		return false
	})
}

func find(match func(pid int) bool) ([]int, error) {
	entries, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil || pid == os.Getpid() || !match(pid) {
			continue
		}
		if state, err := read(pid); err == nil && !state.ended {
			found = append(found, pid)
		}
	}
	return found, nil
}
