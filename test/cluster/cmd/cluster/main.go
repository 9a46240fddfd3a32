// Command cluster runs a one-node Kubernetes cluster on this machine.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/debian"
	"github.com/progress-sync/progress-sync/test/cluster/programs"
)

const usage = `usage: go run ./test/cluster/cmd/cluster COMMAND

  build [envtest|NAME...]  build the pinned programs into the cache; "envtest" only
                           what an API server needs
  up                       start the cluster, or use the one of KUBECONFIG
  down                     end it and remove everything it made on this machine
  check                    list what of it is on this machine; fails if there is anything
  images                   build the operator's and the sidecar's image, and load
                           them if the cluster runs
  push REGISTRY            build them for amd64 and arm64, and push them to a registry
                           such as registry.example.com/lms
  env                      print the variables that a shell needs to work with it

The cache is .cache in the project's folder, or PROGRESS_SYNC_CACHE.
PROGRESS_SYNC_CLUSTER_NUMBER (1 to 254, 7 if not set) moves the cluster's addresses
out of the way of others on the machine.

With KUBECONFIG set, that cluster is used, and nothing is started or stopped:
  PROGRESS_SYNC_HOST_ADDRESS  where its pods reach this machine (database, account)
  PROGRESS_SYNC_POD_RANGE     from where they do so; 0.0.0.0/0 if not set
  PROGRESS_SYNC_IMAGE_LOAD    command that loads an image's tarball, given as its last
                              argument, such as "kind load image-archive"
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n\n%s", usage)
	}
	o, err := cluster.FromEnvironment(out)
	if err != nil {
		return err
	}
	switch args[0] {
	case "build":
		return build(ctx, o, args[1:])
	case "up":
		_, err := cluster.Up(ctx, o)
		return err
	case "down":
		return cluster.Down(ctx, o)
	case "check":
		return check(ctx, o)
	case "images":
		return product(ctx, o)
	case "push":
		return push(ctx, o, strings.Join(args[1:], " "))
	case "env":
		return environment(ctx, o)
	default:
		return fmt.Errorf("unknown command %q\n\n%s", args[0], usage)
	}
}

func build(ctx context.Context, o cluster.Options, names []string) error {
	builder := &programs.Builder{Tools: o.Tools(), Bin: o.Bin(), Out: o.Out}
	switch {
	case len(names) == 0:
		if err := debian.Ensure(ctx, o.Out, debian.ForCluster()); err != nil {
			return err
		}
		names = programs.ForCluster()
	case names[0] == "envtest":
		names = programs.ForAPI()
	}
	return builder.Build(ctx, names...)
}

func check(ctx context.Context, o cluster.Options) error {
	left, err := cluster.Leftovers(ctx, o)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("on this machine are:\n  %s", strings.Join(left, "\n  "))
	}
	fmt.Fprintln(o.Out, "nothing of the cluster is on this machine")
	return nil
}

func environment(ctx context.Context, o cluster.Options) error {
	// A shell evaluates what is printed here, so the rest goes elsewhere.
	out := o.Out
	o.Out = os.Stderr
	fmt.Fprintf(out, "export PATH=%s:$PATH\nexport KUBEBUILDER_ASSETS=%s\n", o.Bin(), o.Bin())
	if running, err := cluster.Running(ctx, o); err == nil {
		fmt.Fprintf(out, "export KUBECONFIG=%s\n", running.Kubeconfig())
	}
	return nil
}
