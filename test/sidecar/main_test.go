package sidecar

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// root of the repository, seen from this package.
const root = "../.."

func TestMain(m *testing.M) {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pgtest.Main(m)
}

// binary is where the sidecar is built to.
func binary() string {
	cache := os.Getenv("PROGRESS_SYNC_CACHE")
	if cache == "" {
		cache = filepath.Join(root, ".cache")
	}
	path, err := filepath.Abs(filepath.Join(cache, "test", "sidecar"))
	if err != nil {
		panic(err) // there is no working directory
	}
	return path
}

func build() error {
	command := exec.Command("go", "build", "-trimpath", "-ldflags", "-X main.version=test", "-o", binary(), "./cmd/sidecar")
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the sidecar: %w\n%s", err, output)
	}
	return nil
}
