package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/progress-sync/progress-sync/test/kit/project"
)

// Options say where a cluster lives and which addresses it uses.
type Options struct {
	// Root is the project's folder.
	Root string
	// Cache holds programs, images and the run folder.
	Cache string
	// Number sets the cluster's addresses apart from others on the machine;
	// 1 to 254. It is the third part of the pod range, of the service range and
	// of the loopback address that etcd listens on, and in the bridge's name.
	Number int
	// Out gets a line for each step.
	Out io.Writer
}

// DefaultNumber is used where PROGRESS_SYNC_CLUSTER_NUMBER is not set.
const DefaultNumber = 7

// FromEnvironment are the options of the project that the working directory
// is in.
func FromEnvironment(out io.Writer) (Options, error) {
	root, err := project.Root()
	if err != nil {
		return Options{}, err
	}
	cache, err := project.Cache()
	if err != nil {
		return Options{}, err
	}
	number := DefaultNumber
	if set := os.Getenv("PROGRESS_SYNC_CLUSTER_NUMBER"); set != "" {
		if number, err = strconv.Atoi(set); err != nil || number < 1 || number > 254 {
			return Options{}, fmt.Errorf("PROGRESS_SYNC_CLUSTER_NUMBER is %q; it must be a number from 1 to 254", set)
		}
	}
	return Options{Root: root, Cache: cache, Number: number, Out: out}, nil
}

// Bin is the folder of the programs.
func (o Options) Bin() string { return filepath.Join(o.Cache, "bin") }

// Images is the folder of the images.
func (o Options) Images() string { return filepath.Join(o.Cache, "images") }

// Tools is the folder of the modules that pin the programs.
func (o Options) Tools() string { return filepath.Join(o.Root, "test", "cluster", "tools") }

// RunDir is the folder of the running cluster.
func (o Options) RunDir() string { return filepath.Join(o.Cache, "run", "cluster") }

// Kubeconfig is the administrator's, of the cluster that Up starts.
func (o Options) Kubeconfig() string { return filepath.Join(o.RunDir(), "kubeconfig") }

// PodRange is where pods get their addresses.
func (o Options) PodRange() string { return fmt.Sprintf("10.244.%d.0/24", o.Number) }

// Gateway is the machine's address on the bridge, at which pods reach it.
func (o Options) Gateway() string { return fmt.Sprintf("10.244.%d.1", o.Number) }

func (o Options) bridge() string       { return fmt.Sprintf("psync%d", o.Number) }
func (o Options) serviceRange() string { return fmt.Sprintf("10.96.%d.0/24", o.Number) }
func (o Options) serviceIP() string    { return fmt.Sprintf("10.96.%d.1", o.Number) }
func (o Options) loopback() string     { return fmt.Sprintf("127.244.%d.1", o.Number) }
func (o Options) node() string         { return "progress-sync" }

// sockets is short, since a socket's path has at most 107 bytes, wherever the
// project lies.
func (o Options) sockets() string { return fmt.Sprintf("/run/progress-sync-%d", o.Number) }

func (o Options) containerdSocket() string { return o.sockets() + "/containerd.sock" }
func (o Options) server() string           { return fmt.Sprintf("https://%s:6443", o.Gateway()) }
func (o Options) etcd() string             { return fmt.Sprintf("http://%s:2379", o.loopback()) }

func (o Options) path(names ...string) string {
	return filepath.Join(append([]string{o.RunDir()}, names...)...)
}

// Say prints a line.
func (o Options) Say(format string, args ...any) { fmt.Fprintf(o.Out, format+"\n", args...) }
