package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/progress-sync/progress-sync/test/cluster"
	"github.com/progress-sync/progress-sync/test/cluster/images"
)

// product makes the images' tarballs, says where they are, and loads them if
// there is a cluster to load them into.
func product(ctx context.Context, o cluster.Options) error {
	builder, both, err := builderOf(o)
	if err != nil {
		return err
	}
	built, err := builder.Build(ctx, both...)
	if err != nil {
		return err
	}
	for _, image := range built {
		fmt.Fprintln(o.Out, image.Tarball)
	}
	running, err := cluster.ForImages(ctx, o)
	if err != nil {
		fmt.Fprintf(o.Out, "not loaded into a cluster: %s\n", err)
		return nil
	}
	return running.Load(ctx, built...)
}

// push also says which of the chart's values name what was pushed.
func push(ctx context.Context, o cluster.Options, registry string) error {
	builder, both, err := builderOf(o)
	if err != nil {
		return err
	}
	pushed, err := builder.Push(ctx, registry, []string{"amd64", "arm64"}, both...)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Out, "\nhelm install progress-sync %s --namespace progress-sync --create-namespace --wait \\\n"+
		"  --set image.repository=%s \\\n  --set sidecar.image.repository=%s\n",
		filepath.Join("charts", "progress-sync"), pushed[0].Repository, pushed[1].Repository)
	return nil
}

// builderOf returns the product's images too, the operator's first.
func builderOf(o cluster.Options) (images.Builder, []images.Image, error) {
	version, err := images.Version(o.Root)
	if err != nil {
		return images.Builder{}, nil, err
	}
	builder := images.Builder{Root: o.Root, Dir: o.Images(), Out: o.Out}
	return builder, []images.Image{images.Operator(version), images.Sidecar(version)}, nil
}
