package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// ErrNotInstalled is wrapped by errors about missing server programs.
var ErrNotInstalled = errors.New("no PostgreSQL server is installed; on Debian: apt-get install postgresql")

// binaryFolder returns the folder of initdb and postgres: the newest of
// Debian's versioned folders, which are not on PATH, else the one on PATH.
func binaryFolder() (string, error) {
	return newestFolder("/usr/lib/postgresql", exec.LookPath)
}

func newestFolder(root string, lookPath func(string) (string, error)) (string, error) {
	folders, err := filepath.Glob(filepath.Join(root, "*", "bin"))
	if err != nil {
		return "", fmt.Errorf("looking for PostgreSQL: %w", err)
	}
	newest, best := "", -1
	for _, folder := range folders {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		if err != nil || version <= best || !hasServer(folder) {
			continue
		}
		newest, best = folder, version
	}
	if newest != "" {
		return newest, nil
	}
	if initdb, err := lookPath("initdb"); err == nil && hasServer(filepath.Dir(initdb)) {
		return filepath.Dir(initdb), nil
	}
	return "", fmt.Errorf("looking for initdb and postgres below %s and on PATH: %w", root, ErrNotInstalled)
}

func hasServer(folder string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}
