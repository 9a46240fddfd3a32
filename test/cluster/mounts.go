package cluster

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// unmount detaches everything below the run folder, the newest first. The run
// folder must not be removed while anything is mounted in it: a volume may be
// a window to elsewhere.
func (o Options) unmount() error {
	mounts, err := o.mounts()
	if err != nil {
		return err
	}
	for _, mount := range slices.Backward(mounts) {
		if err := syscall.Unmount(mount, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("unmounting %s: %w", mount, err)
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
