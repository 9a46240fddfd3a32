package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// user is the one that distroless images call nonroot.
const user = "65532:65532"

// Built is an image on disk.
type Built struct {
	Ref string
	// Tarball can be imported by containerd, kind and docker alike.
	Tarball string
	// ID changes when anything in the image does.
	ID string
	// CompressedBytes is what a registry would transfer, UncompressedBytes
	// what the binary takes on a node.
	CompressedBytes, UncompressedBytes int64
}

// Builder builds images into a folder.
type Builder struct {
	// Root is the project's folder.
	Root string
	// Dir keeps binaries and tarballs between runs.
	Dir string
	// Out gets a line for each image.
	Out io.Writer
}

// Build makes the images, one tarball each, and keeps those whose binary has
// not changed.
func (b Builder) Build(ctx context.Context, images ...Image) ([]Built, error) {
	built := make([]Built, 0, len(images))
	for _, image := range images {
		start := time.Now()
		result, fresh, err := b.build(ctx, image)
		if err != nil {
			return nil, fmt.Errorf("building the image %s: %w", image.Ref, err)
		}
		how := "unchanged"
		if fresh {
			how = "built in " + time.Since(start).Round(100*time.Millisecond).String()
		}
		fmt.Fprintf(b.Out, "%-46s %5.1f MiB, compressed %5.1f MiB, %s\n", image.Ref,
			mebibytes(result.UncompressedBytes), mebibytes(result.CompressedBytes), how)
		built = append(built, result)
	}
	return built, nil
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (b Builder) build(ctx context.Context, image Image) (Built, bool, error) {
	binary, err := b.compile(ctx, image)
	if err != nil {
		return Built{}, false, err
	}
	files, err := content(image, binary)
	if err != nil {
		return Built{}, false, err
	}
	id, err := identify(image, files)
	if err != nil {
		return Built{}, false, err
	}
	record := filepath.Join(b.Dir, image.Name+".json")
	if content, err := os.ReadFile(record); err == nil {
		var last Built
		if json.Unmarshal(content, &last) == nil && last.ID == id {
			if _, err := os.Stat(last.Tarball); err == nil {
				return last, false, nil
			}
		}
	}
	result := Built{Ref: image.Ref, ID: id, Tarball: filepath.Join(b.Dir, image.Name+".tar"), UncompressedBytes: size(files)}
	if result.CompressedBytes, err = write(result.Tarball, image, files); err != nil {
		return Built{}, false, err
	}
	content, err := json.Marshal(result)
	if err != nil {
		return Built{}, false, fmt.Errorf("recording the image: %w", err)
	}
	if err := os.WriteFile(record, content, 0o644); err != nil {
		return Built{}, false, fmt.Errorf("recording the image: %w", err)
	}
	return result, true, nil
}

func (b Builder) compile(ctx context.Context, image Image) ([]byte, error) {
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the image folder: %w", err)
	}
	target := filepath.Join(b.Dir, image.Name)
	flags := "-s -w"
	if image.Version != "" {
		flags += " -X main.version=" + image.Version
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", flags, "-o", target, image.Package)
	cmd.Dir = b.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("compiling %s: %w\n%s", image.Package, err, strings.TrimSpace(stderr.String()))
	}
	binary, err := os.ReadFile(target)
	if err != nil {
		return nil, fmt.Errorf("reading what was compiled: %w", err)
	}
	return binary, nil
}

func identify(image Image, files []file) (string, error) {
	description, err := json.Marshal(image)
	if err != nil {
		return "", fmt.Errorf("describing the image: %w", err)
	}
	sum := sha256.New()
	sum.Write(description)
	for _, f := range files {
		fmt.Fprintf(sum, "\n%s %d\n", f.name, len(f.content))
		sum.Write(f.content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// write makes the tarball and returns the size of its compressed layer.
func write(path string, image Image, files []file) (int64, error) {
	content, err := archive(files)
	if err != nil {
		return 0, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithCompressedCaching)
	if err != nil {
		return 0, fmt.Errorf("making the layer: %w", err)
	}
	appended, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return 0, fmt.Errorf("adding the layer: %w", err)
	}
	settings, err := appended.ConfigFile()
	if err != nil {
		return 0, fmt.Errorf("reading the image's configuration: %w", err)
	}
	settings = settings.DeepCopy()
	settings.OS, settings.Architecture = "linux", architecture()
	settings.Config = v1.Config{User: user, Entrypoint: []string{"/" + image.Name}, Cmd: image.Args}
	complete, err := mutate.ConfigFile(appended, settings)
	if err != nil {
		return 0, fmt.Errorf("configuring the image: %w", err)
	}
	tag, err := name.NewTag(image.Ref)
	if err != nil {
		return 0, fmt.Errorf("naming the image: %w", err)
	}
	if err := tarball.WriteToFile(path, tag, complete); err != nil {
		return 0, fmt.Errorf("writing the tarball: %w", err)
	}
	size, err := layer.Size()
	if err != nil {
		return 0, fmt.Errorf("measuring the layer: %w", err)
	}
	return size, nil
}

func architecture() string {
	if arch := os.Getenv("GOARCH"); arch != "" {
		return arch
	}
	return runtime.GOARCH
}
