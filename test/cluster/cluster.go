package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/cluster/process"
	"github.com/progress-sync/progress-sync/test/cluster/programs"
)

// Cluster is a running cluster.
type Cluster struct {
	Options
	kubeconfig string
	external   bool
	started    bool
}

// Kubeconfig is the path of the cluster's administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// External says whether the cluster was named by KUBECONFIG rather than
// started here.
func (c *Cluster) External() bool { return c.external }

// Started says whether this Up started the cluster, so that who called it can
// leave the machine as it was found.
func (c *Cluster) Started() bool { return c.started }

// HostAddress is where pods reach this machine, for a database that runs
// beside the cluster: the bridge's gateway, or what
// PROGRESS_SYNC_HOST_ADDRESS says for a cluster that was not started here.
func (c *Cluster) HostAddress() (string, error) {
	if !c.external {
		return c.Gateway(), nil
	}
	address := os.Getenv("PROGRESS_SYNC_HOST_ADDRESS")
	if address == "" {
		return "", fmt.Errorf("set PROGRESS_SYNC_HOST_ADDRESS to the address at which pods of the cluster in %s reach this machine", c.kubeconfig)
	}
	return address, nil
}

// PodNetwork is the range from which pods reach this machine, for the access
// rules of a database: the pod range, or PROGRESS_SYNC_POD_RANGE, or anywhere.
func (c *Cluster) PodNetwork() string {
	if !c.external {
		return c.PodRange()
	}
	if set := os.Getenv("PROGRESS_SYNC_POD_RANGE"); set != "" {
		return set
	}
	return "0.0.0.0/0"
}

// Kubectl runs kubectl on the cluster and returns what it printed.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return run(ctx, c.Bin()+"/"+programs.Kubectl, append([]string{"--kubeconfig", c.kubeconfig}, args...)...)
}

// Helm runs helm on the cluster and returns what it printed.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	return run(ctx, c.Bin()+"/"+programs.Helm, append([]string{"--kubeconfig", c.kubeconfig}, args...)...)
}

// Helm4 is Helm of the next version.
func (c *Cluster) Helm4(ctx context.Context, args ...string) (string, error) {
	return run(ctx, c.Bin()+"/"+programs.Helm4, append([]string{"--kubeconfig", c.kubeconfig}, args...)...)
}

// quick runs kubectl for at most two seconds, for use in a waiting loop.
func (c *Cluster) quick(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := c.Kubectl(ctx, args...)
	return err
}

// Load makes images available to the cluster's node. On a cluster that was
// not started here, PROGRESS_SYNC_IMAGE_LOAD is run with each tarball as its
// last argument ("kind load image-archive", say); if it is not set, the images
// are expected to be there.
func (c *Cluster) Load(ctx context.Context, built ...images.Built) error {
	for _, image := range built {
		if err := c.load(ctx, image); err != nil {
			return fmt.Errorf("loading the image %s: %w", image.Ref, err)
		}
	}
	return nil
}

func (c *Cluster) load(ctx context.Context, image images.Built) error {
	if c.external {
		command := strings.Fields(os.Getenv(imageLoad))
		if len(command) == 0 {
			return nil
		}
		_, err := run(ctx, command[0], append(command[1:], image.Tarball)...)
		return err
	}
	loaded := c.path("images", filepath.Base(image.Tarball))
	if id, err := os.ReadFile(loaded); err == nil && string(id) == image.Ref+" "+image.ID {
		return nil
	}
	if _, err := run(ctx, c.Bin()+"/"+programs.Ctr, "--address", c.containerdSocket(), "--namespace", "k8s.io",
		"images", "import", "--snapshotter", "overlayfs", image.Tarball); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(loaded), 0o755); err != nil {
		return fmt.Errorf("recording it: %w", err)
	}
	if err := os.WriteFile(loaded, []byte(image.Ref+" "+image.ID), 0o644); err != nil {
		return fmt.Errorf("recording it: %w", err)
	}
	return nil
}

// ForImages finds the cluster that Load would load into, without starting or
// building anything. An error says why there is none.
func ForImages(ctx context.Context, o Options) (*Cluster, error) {
	if path := os.Getenv("KUBECONFIG"); path != "" && !o.isOwn(path) {
		if os.Getenv(imageLoad) == "" {
			return nil, fmt.Errorf("KUBECONFIG names a cluster, and %s does not say how to load images into it", imageLoad)
		}
		return &Cluster{Options: o, kubeconfig: path, external: true}, nil
	}
	c := &Cluster{Options: o, kubeconfig: o.Kubeconfig()}
	if _, started := o.readRecord(); !started {
		return nil, errors.New("none was started here")
	}
	if err := c.healthy(ctx); err != nil {
		return nil, fmt.Errorf("the one that was started here is not well: %w", err)
	}
	return c, nil
}

// imageLoad is the variable with the command that loads an image's tarball.
const imageLoad = "PROGRESS_SYNC_IMAGE_LOAD"

// isOwn says whether a kubeconfig is that of the cluster that Up starts.
func (o Options) isOwn(kubeconfig string) bool {
	abs, err := filepath.Abs(kubeconfig)
	return err == nil && abs == o.Kubeconfig()
}

// healthy says whether all programs of the cluster run and the node is Ready.
func (c *Cluster) healthy(ctx context.Context) error {
	group := process.Group{Dir: c.RunDir()}
	for _, s := range c.steps(c, nil) {
		for _, p := range s.programs {
			if !group.Alive(p.name) {
				return fmt.Errorf("%s does not run", p.name)
			}
		}
	}
	return c.quick(ctx, "wait", "--for=condition=Ready", "--timeout=1s", "node/"+c.node())
}

// fromKubeconfig uses the cluster that KUBECONFIG names, unless that is the
// one this package starts.
func fromKubeconfig(ctx context.Context, o Options) (*Cluster, bool, error) {
	path := os.Getenv("KUBECONFIG")
	if path == "" || o.isOwn(path) {
		return nil, false, nil
	}
	builder := &programs.Builder{Tools: o.Tools(), Bin: o.Bin(), Out: o.Out}
	if err := builder.Build(ctx, programs.Kubectl, programs.Helm, programs.Helm4); err != nil {
		return nil, false, err
	}
	c := &Cluster{Options: o, kubeconfig: path, external: true}
	if _, err := c.Kubectl(ctx, "--request-timeout=10s", "get", "--raw", "/readyz"); err != nil {
		return nil, false, fmt.Errorf("the cluster of KUBECONFIG=%s does not answer; unset KUBECONFIG to start one here: %w", path, err)
	}
	o.Say("using the cluster of KUBECONFIG=%s", path)
	return c, true, nil
}

// Running finds the cluster that Up would return, without starting anything.
func Running(ctx context.Context, o Options) (*Cluster, error) {
	if external, ok, err := fromKubeconfig(ctx, o); ok || err != nil {
		return external, err
	}
	c := &Cluster{Options: o, kubeconfig: o.Kubeconfig()}
	if err := c.healthy(ctx); err != nil {
		return nil, fmt.Errorf("no cluster runs (%w); start it with: go run ./test/cluster/cmd/cluster up", err)
	}
	return c, nil
}
