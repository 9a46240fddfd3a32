package cluster

import (
	"context"
	"fmt"
	"os"
)

// Leftovers describes everything of the cluster that is on the machine; a
// cluster that was removed has none.
func Leftovers(ctx context.Context, o Options) ([]string, error) {
	var left []string
	pids, err := o.processes()
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		left = append(left, fmt.Sprintf("process %d", pid))
	}
	network, err := o.networkLeftovers(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range network {
		left = append(left, l.what)
	}
	for what, list := range map[string]func() ([]string, error){"mount": o.mounts, "file or folder": o.traces} {
		paths, err := list()
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			left = append(left, what+" "+path)
		}
	}
	for _, dir := range []string{o.sockets(), o.RunDir()} {
		if _, err := os.Stat(dir); err == nil {
			left = append(left, "folder "+dir)
		}
	}
	return left, nil
}
