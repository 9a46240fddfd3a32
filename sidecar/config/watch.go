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

const (
	// debounce is how long the directories must be quiet before the files are
	// read. One change of a mount is several events.
	debounce = 50 * time.Millisecond
	// pollInterval is how often the files are read when the system has no
	// watches left, which all pods of a node share.
	pollInterval = 10 * time.Second
)

// Watched is a set of files that change together.
type Watched struct {
	Files []string
	// Changed is called once at the start, after which no change is missed, and
	// when the content of one of the files changes, appears or disappears. It
	// runs on Watch's goroutine.
	Changed func()
}

// Watch watches until ctx ends. It watches directories, since kubelet changes a
// mounted ConfigMap or Secret by swapping a symbolic link in it. Files and
// directories need not exist yet.
func Watch(ctx context.Context, sets ...Watched) {
	w := watch{sets: sets, seen: make([][sha256.Size]byte, len(sets))}
	events, failures := w.open()
	defer w.close()

	w.follow()
	for i, set := range sets {
		w.seen[i] = fingerprint(set.Files)
		set.Changed()
	}
	quiet := time.NewTimer(debounce)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-failures:
			w.blind = w.blind || err != nil // events may be lost
			quiet.Reset(0)
		case <-events:
			quiet.Reset(debounce)
		case <-quiet.C:
			w.report()
			if w.blind {
				quiet.Reset(pollInterval)
			}
		}
	}
}

type watch struct {
	sets    []Watched
	seen    [][sha256.Size]byte
	watcher *fsnotify.Watcher
	// blind means that not all directories could be watched.
	blind bool
}

func (w *watch) open() (<-chan fsnotify.Event, <-chan error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		w.blind = true
		return nil, nil
	}
	w.watcher = watcher
	return watcher.Events, watcher.Errors
}

func (w *watch) close() {
	if w.watcher != nil {
		_ = w.watcher.Close() // nothing is left to be done with it
	}
}

// report calls Changed of the sets that changed.
func (w *watch) report() {
	w.follow()
	for i, set := range w.sets {
		if now := fingerprint(set.Files); now != w.seen[i] {
			w.seen[i] = now
			set.Changed()
		}
	}
}

// follow watches the directory of each file or, while it does not exist, the
// nearest one above it that does.
func (w *watch) follow() {
	if w.watcher == nil {
		return
	}
	w.blind = false
	for _, set := range w.sets {
		for _, file := range set.Files {
			dir := filepath.Dir(file)
			watched, err := w.addNearest(dir)
			// A directory may have appeared below before that one was watched.
			for before := ""; err == nil && watched != before; {
				before = watched
				watched, err = w.addNearest(dir)
			}
			w.blind = w.blind || err != nil
		}
	}
}

// addNearest watches dir or the nearest directory above it that exists.
func (w *watch) addNearest(dir string) (string, error) {
	for {
		err := w.watcher.Add(dir)
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
		// Something that is there and can't be read is another thing than nothing.
		fmt.Fprintf(sum, "%t %t %x\n", err == nil, errors.Is(err, os.ErrNotExist), digest)
	}
	return [sha256.Size]byte(sum.Sum(nil))
}
