package images

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Image is one image to build.
type Image struct {
	// Ref is the reference that pods name, with its tag.
	Ref string
	// Package is the main package, relative to the project's folder.
	Package string
	// Name of the binary: the entrypoint is /Name.
	Name string
	// Beside are the main packages of further programs, each of which lies in / under
	// the last part of its name.
	Beside []string
	// Args are the default arguments.
	Args []string
	// Assets is a folder whose files are in /assets, none if it is empty.
	Assets string
	// Version is stamped into main.version if it is not empty.
	Version string
}

// Operator is the operator's image as the chart names it.
func Operator(version string) Image {
	return Image{Ref: "ghcr.io/progress-sync/operator:" + version, Package: "./cmd/operator", Name: "operator", Version: version}
}

// Sidecar is the sidecar's image as the operator names it.
func Sidecar(version string) Image {
	return Image{
		Ref: "ghcr.io/progress-sync/sidecar:" + version, Package: "./cmd/sidecar", Name: "sidecar",
		Beside: []string{"./cmd/spool-import"}, Args: []string{"run"}, Version: version,
	}
}

// Pause is the image that holds a pod's namespaces.
func Pause() Image {
	return Image{Ref: "progress-sync.local/pause:1", Package: "./test/cluster/pause", Name: "pause"}
}

// Version reads the project's version, the tag of its images.
func Version(root string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, "hack", "VERSION"))
	if err != nil {
		return "", fmt.Errorf("reading the project's version: %w", err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(content)), "v"), nil
}
