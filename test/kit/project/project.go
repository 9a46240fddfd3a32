// Package project finds the two folders that tests and programs share: the
// clone that they run in, and the cache for what they build and start. A lock keeps
// two of them from making the same thing at once.
package project

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
)

// Module is the import path of the project.
const Module = "github.com/progress-sync/progress-sync"

// Root finds the project's top folder, upwards from the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the project's folder: %w", err)
	}
	for {
		gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && modfile.ModulePath(gomod) == Module {
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
// PROGRESS_SYNC_CACHE, or .cache in the project's folder. The path is absolute.
func Cache() (string, error) {
	cache := os.Getenv("PROGRESS_SYNC_CACHE")
	if cache == "" {
		root, err := Root()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(root, ".cache")
	}
	abs, err := filepath.Abs(cache)
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return abs, nil
}
