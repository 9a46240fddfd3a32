package config

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long the directory must be quiet before the files are read, so
// that one change of a mount, which is several events, is seen as one.
const settle = 50 * time.Millisecond

// Watch calls changed when the content of one of the files changes, appears or
// disappears, and once at the start, after which no change is missed. It
// watches directories, since kubelet changes a mounted ConfigMap or Secret by
// swapping a symbolic link in it. Files and directories need not exist yet.
// Watch returns when ctx ends, with nil, or when the system has no watches
// left. changed runs on Watch's goroutine.
func Watch(ctx context.Context, files []string, changed func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watching %s: %w", filepath.Dir(files[0]), err)
	}
	defer watcher.Close()

	if err := follow(watcher, files); err != nil {
		return err
	}
	seen := fingerprint(files)
	changed()

	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err, ok := <-watcher.Errors:
			if !ok {
				return nil
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watching %s: %w", filepath.Dir(files[0]), err)
			}
			quiet.Reset(0) // events were lost: look
		case _, ok := <-watcher.Events:
			if !ok {
				return nil
			}
			quiet.Reset(settle)
		case <-quiet.C:
			if err := follow(watcher, files); err != nil {
				return err
			}
			if now := fingerprint(files); now != seen {
				seen = now
				changed()
			}
		}
	}
}

// follow watches the directory of each file or, while it does not exist, the
// nearest one above it that does.
func follow(watcher *fsnotify.Watcher, files []string) error {
	for _, file := range files {
		dir := filepath.Dir(file)
		watched, err := addNearest(watcher, dir)
		// A directory may have appeared below before that one was watched.
		for before := ""; err == nil && watched != before; {
			before = watched
			watched, err = addNearest(watcher, dir)
		}
		if err != nil {
			return fmt.Errorf("watching %s: %w", dir, err)
		}
	}
	return nil
}

// addNearest watches dir or the nearest directory above it that exists.
func addNearest(watcher *fsnotify.Watcher, dir string) (string, error) {
	for {
		err := watcher.Add(dir)
		parent := filepath.Dir(dir)
		if err == nil || !errors.Is(err, os.ErrNotExist) || parent == dir {
			return dir, err
		}
		dir = parent
	}
}

// fingerprint identifies the present content of the files without keeping it:
// one of them is a password.
func fingerprint(files []string) [sha256.Size]byte {
	sum := sha256.New()
	for _, file := range files {
		content, err := os.ReadFile(file)
		digest := sha256.Sum256(content)
		fmt.Fprintf(sum, "%t %x\n", err == nil, digest)
	}
	return [sha256.Size]byte(sum.Sum(nil))
}
