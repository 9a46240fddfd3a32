package images

import (
	"bytes"
	"fmt"
	"io"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// user is the one that distroless images call nonroot.
const user = "65532:65532"

// assemble makes an image of one layer.
func (b Builder) assemble(image Image, files []file) (v1.Image, error) {
	content, err := archive(files)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("making the layer: %w", err)
	}
	appended, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	settings, err := appended.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the image's configuration: %w", err)
	}
	settings = settings.DeepCopy()
	settings.OS, settings.Architecture = operatingSystem, b.architecture()
	settings.Config = v1.Config{User: user, Entrypoint: []string{"/" + image.Name}, Cmd: image.Args}
	complete, err := mutate.ConfigFile(appended, settings)
	if err != nil {
		return nil, fmt.Errorf("configuring the image: %w", err)
	}
	return complete, nil
}

const operatingSystem = "linux"

func (b Builder) architecture() string {
	if b.Architecture != "" {
		return b.Architecture
	}
	return runtime.GOARCH
}

// write makes the tarball and returns the size of its compressed layer.
func (b Builder) write(path string, image Image, files []file) (int64, error) {
	complete, err := b.assemble(image, files)
	if err != nil {
		return 0, err
	}
	tag, err := name.NewTag(image.Ref)
	if err != nil {
		return 0, fmt.Errorf("naming the image: %w", err)
	}
	if err := tarball.WriteToFile(path, tag, complete); err != nil {
		return 0, fmt.Errorf("writing the tarball: %w", err)
	}
	layers, err := complete.Layers()
	if err != nil {
		return 0, fmt.Errorf("reading the layers: %w", err)
	}
	var sum int64
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return 0, fmt.Errorf("measuring a layer: %w", err)
		}
		sum += size
	}
	return sum, nil
}
