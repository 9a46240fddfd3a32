package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

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
	// Dir keeps binaries and tarballs between runs, of one architecture.
	Dir string
	// Architecture is Go's name of the processor that the images are for, this
	// machine's if it is empty.
	Architecture string
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
	files, err := b.files(ctx, image)
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
	if result.CompressedBytes, err = b.write(result.Tarball, image, files); err != nil {
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

// files compiles an image's programs and returns all that is in the image.
func (b Builder) files(ctx context.Context, image Image) ([]file, error) {
	binary, err := b.compile(ctx, image.Package, image.Name, image.Version)
	if err != nil {
		return nil, err
	}
	programs := []file{program(image.Name, binary)}
	for _, beside := range image.Beside {
		name := path.Base(beside)
		if binary, err = b.compile(ctx, beside, name, ""); err != nil {
			return nil, err
		}
		programs = append(programs, program(name, binary))
	}
	return content(image, programs)
}

// compile builds a main package under a name. The version may be empty.
func (b Builder) compile(ctx context.Context, source, name, version string) ([]byte, error) {
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the image folder: %w", err)
	}
	target := filepath.Join(b.Dir, name)
	flags := "-s -w"
	if version != "" {
		flags += " -X main.version=" + version
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", flags, "-o", target, source)
	cmd.Dir = b.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+b.architecture())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("compiling %s: %w\n%s", source, err, strings.TrimSpace(stderr.String()))
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
