package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// deviceSocket is where every kubelet waits for device plugins.
const deviceSocket = "/var/lib/kubelet/device-plugins/kubelet.sock"

// answered says whether somebody listens on a socket.
func answered(socket string) bool {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// traces are files that the kubelet and the network plugins write to places
// that can't be chosen: links to logs, a socket, and results that CNI keeps.
func (o Options) traces() ([]string, error) {
	var found []string
	results, err := filepath.Glob("/var/lib/cni/results/" + o.bridge() + "-*")
	if err != nil {
		return nil, fmt.Errorf("listing CNI's results: %w", err)
	}
	found = append(found, results...)
	if _, err := os.Stat(deviceSocket); err == nil && !answered(deviceSocket) {
		found = append(found, deviceSocket)
	}
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
	for _, dir := range []string{"/var/lib/cni/results", "/var/lib/cni", "/var/log/containers", filepath.Dir(deviceSocket), "/var/lib/kubelet"} {
		_ = syscall.Rmdir(dir)
	}
	return nil
}
