package program

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/progress-sync/progress-sync/test/kit/project"
)

// Version is what a program of Build says that it is.
const Version = "test"

// Build makes a program of this project, as BuildInto does, and returns where it is
// in the cache. One that is current is left as it is; a later Build replaces it when
// the source has changed.
func Build(ctx context.Context, folder string) (string, error) {
	root, err := project.Root()
	if err != nil {
		return "", err
	}
	cache, err := project.Cache()
	if err != nil {
		return "", err
	}
	// Clones may share a cache, and must not run each other's programs.
	clone := fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(root)))
	target := filepath.Join(cache, "programs", clone, filepath.Base(folder))
	unlock, err := project.Lock(filepath.Join(filepath.Dir(target), ".lock"))
	if err != nil {
		return "", fmt.Errorf("building %s: %w", folder, err)
	}
	defer unlock()
	return target, BuildInto(ctx, folder, target)
}

// BuildInto makes a program of this project, whose main package is in a folder such
// as cmd/sidecar, into the target. It is as released, but for its version and that it
// keeps its symbols. flags are further ones of go build.
func BuildInto(ctx context.Context, folder, target string, flags ...string) error {
	line := append([]string{"build", "-trimpath", "-tags", "grpcnotrace", "-ldflags", "-X main.version=" + Version, "-o", target}, flags...)
	command := exec.CommandContext(ctx, "go", append(line, project.Module+"/"+folder)...)
	// As hack/build.sh does, which has compiled all packages with the same flags.
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", folder, err, output)
	}
	return nil
}
