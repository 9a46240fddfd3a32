//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/progress-sync/progress-sync/test/cluster/images"
)

// previous is the commit that stands for the version before this one; the tag
// of its images.
const (
	previous    = "3a29508c56959894119c27c42d7441f4a4992ae8"
	previousTag = "previous"
)

// loadPrevious brings the version before this one into the cluster, and returns
// the folder of its tree.
func (s *suite) loadPrevious(ctx context.Context) (string, error) {
	root := filepath.Join(s.cluster.Cache, "previous", previous)
	if _, err := os.Stat(filepath.Join(root, "go.mod")); errors.Is(err, fs.ErrNotExist) {
		if err := s.checkOut(ctx, root); err != nil {
			return "", err
		}
	}
	builder := images.Builder{Root: root, Dir: filepath.Join(root, ".images"), Out: os.Stdout}
	operator, sidecar := images.Operator(previousTag), images.Sidecar(previousTag)
	sidecar.Beside = nil // at that commit the sidecar was one program
	built, err := builder.Build(ctx, operator, sidecar)
	if err != nil {
		return "", err
	}
	return root, s.cluster.Load(ctx, built...)
}

// checkOut writes the tree of the version before this one to a folder.
func (s *suite) checkOut(ctx context.Context, root string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("making a folder for the version before this one: %w", err)
	}
	archive := exec.CommandContext(ctx, "git", "-C", s.cluster.Root, "archive", "--format=tar", previous)
	var problem strings.Builder
	archive.Stderr = &problem
	tar, err := archive.Output()
	if err != nil {
		return fmt.Errorf("reading commit %s, which a shallow clone lacks (git fetch --unshallow): %w: %s", previous, err, problem.String())
	}
	unpack := exec.CommandContext(ctx, "tar", "-x", "-C", root)
	unpack.Stdin = strings.NewReader(string(tar))
	if output, err := unpack.CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking the version before this one: %w: %s", err, output)
	}
	return nil
}
