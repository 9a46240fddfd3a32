package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/progress-sync/progress-sync/test/cluster/debian"
	"github.com/progress-sync/progress-sync/test/cluster/images"
	"github.com/progress-sync/progress-sync/test/cluster/process"
	"github.com/progress-sync/progress-sync/test/cluster/programs"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// startTimeout bounds the start of the cluster once everything is built; it
// takes about 15 s on two idle cores.
const startTimeout = 4 * time.Minute

// Up makes sure that a cluster runs and its node is Ready: the one that
// KUBECONFIG names, the one of the run folder if it is healthy, or a new one.
// What a crashed or killed cluster left behind is removed first.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	if external, ok, err := fromKubeconfig(ctx, o); ok || err != nil {
		return external, err
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("a cluster on this machine needs root: network, mounts and containers; " +
			"run this as root, or set KUBECONFIG to a cluster that you have")
	}
	if err := debian.Ensure(ctx, o.Out, debian.ForCluster()); err != nil {
		return nil, err
	}
	builder := &programs.Builder{Tools: o.Tools(), Bin: o.Bin(), Out: o.Out}
	if err := builder.Build(ctx, programs.ForCluster()...); err != nil {
		return nil, err
	}
	unlock, err := o.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()

	c := &Cluster{Options: o, kubeconfig: o.Kubeconfig()}
	if _, ok := o.readRecord(); ok {
		if err := c.healthy(ctx); err == nil {
			o.Say("the cluster runs already: %s", c.Kubeconfig())
			return c, nil
		}
		o.Say("removing what is left of an earlier cluster")
	}
	if err := o.remove(ctx); err != nil {
		return nil, err
	}
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := o.start(limited, c); err != nil {
		return nil, fmt.Errorf("starting the cluster: %w\nlogs are in %s; remove what runs with: go run ./test/cluster/cmd/cluster down", err, o.path("logs"))
	}
	c.started = true
	o.Say("the cluster is ready after %s: export KUBECONFIG=%s", time.Since(begin).Round(100*time.Millisecond), c.Kubeconfig())
	return c, nil
}

func (o Options) start(ctx context.Context, c *Cluster) error {
	if err := o.checkAddresses(ctx); err != nil {
		return err
	}
	if err := o.writeRecord(); err != nil {
		return err
	}
	for _, dir := range []string{o.sockets(), o.path("pod-logs"), o.path("volume-plugins")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making the folder %s: %w", dir, err)
		}
	}
	if err := errors.Join(o.writeCredentials(), o.writeSettings(), o.makeNetwork(ctx)); err != nil {
		return err
	}
	pause, err := images.Builder{Root: o.Root, Dir: o.Images(), Out: o.Out}.Build(ctx, images.Pause())
	if err != nil {
		return err
	}
	group := process.Group{Dir: o.RunDir()}
	for _, step := range o.steps(c, pause) {
		begin := time.Now()
		for _, p := range step.programs {
			if err := group.Start(p.name, o.Bin()+"/"+p.name, p.args, p.env); err != nil {
				return err
			}
		}
		if err := wait.Until(ctx, startTimeout, step.what, step.done); err != nil {
			return errors.Join(err, exited(group, step.programs))
		}
		o.Say("%-24s %s", step.what, time.Since(begin).Round(100*time.Millisecond))
	}
	return nil
}

// exited tells what the programs that ended wrote last.
func exited(group process.Group, started []program) error {
	var failures []error
	for _, p := range started {
		if !group.Alive(p.name) {
			failures = append(failures, fmt.Errorf("%s ended: %s", p.name, group.Tail(p.name)))
		}
	}
	return errors.Join(failures...)
}
