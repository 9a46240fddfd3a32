package programs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

// Root finds the project's top folder, upwards from the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the project's folder: %w", err)
	}
	for {
		gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && modfile.ModulePath(gomod) == "github.com/progress-sync/progress-sync" {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("finding the project's folder: run this inside a clone of progress-sync")
		}
		dir = parent
	}
}

// Cache is the folder for everything that is built or started:
// PROGRESS_SYNC_CACHE, or .cache in the project's folder.
func Cache(root string) (string, error) {
	cache := os.Getenv("PROGRESS_SYNC_CACHE")
	if cache == "" {
		cache = filepath.Join(root, ".cache")
	}
	abs, err := filepath.Abs(cache)
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return abs, nil
}
