package frompebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/upgrade"
)

// Options of Import.
type Options struct {
	Dir    string
	FS     disk.FS // holds the new spool, and removes the earlier one's files
	Pebble vfs.FS  // the same files, for Pebble to read
}

const lockFile = "LOCK"

// markerPrefix is that of the file by which Pebble finds all others.
const markerPrefix = "marker.manifest."

// Import replaces the spool that Pebble wrote in o.Dir. Without one it changes
// nothing.
func Import(ctx context.Context, o Options) (r upgrade.Report, err error) {
	r, err = locked(ctx, o)
	if err != nil {
		return upgrade.Report{}, fmt.Errorf("importing the spool %s: %w", o.Dir, err)
	}
	return r, nil
}

func locked(ctx context.Context, o Options) (r upgrade.Report, err error) {
	lock, err := o.FS.Lock(filepath.Join(o.Dir, lockFile))
	if err != nil {
		return r, fmt.Errorf("locking it: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	names, err := o.FS.List(o.Dir)
	if err != nil {
		return r, fmt.Errorf("listing its files: %w", err)
	}
	files := earlier(names)
	if len(files.all) == 0 {
		return r, nil
	}
	if r, err = bringOver(ctx, o, files); err != nil {
		return r, err
	}
	return r, files.remove(o)
}

// bringOver leaves an imported spool on the disk.
func bringOver(ctx context.Context, o Options, files earlierFiles) (r upgrade.Report, err error) {
	there, err := state(o)
	switch {
	case err != nil:
		return r, err
	case there == spool.InUse:
		return r, errors.New("an earlier version has been run on it again, so that it holds two spools: " +
			"move Pebble's files (*.sst, *.log, MANIFEST-*, OPTIONS-*, marker.*) to a directory of their own, " +
			"which the earlier version can empty")
	case files.intact():
		return begin(ctx, o)
	case there == spool.Imported:
		return readBack(o)
	case files.withEntries():
		return r, errors.New("the file " + markerPrefix + "* of Pebble is missing, without which the rest cannot be read: restore it")
	}
	return r, nil // Pebble's directory was being made
}

func state(o Options) (spool.State, error) {
	s, err := open(o)
	if err != nil {
		return 0, err
	}
	there := s.State()
	return there, s.Close()
}

// begin copies all entries and compares what came of it.
func begin(ctx context.Context, o Options) (upgrade.Report, error) {
	r, err := copyEntries(ctx, o)
	if err != nil {
		return r, err
	}
	got, err := readBack(o)
	got.Bytes = r.Bytes
	if err == nil && got != r {
		err = fmt.Errorf("the imported spool has %+v, the earlier one %+v", got, r)
	}
	return r, err
}

func open(o Options) (*spool.Spool, error) {
	return spool.Open(spool.Options{
		Dir: o.Dir, FS: unlocked{o.FS}, Import: func(string) error { return nil },
	})
}

// unlocked is a file system for a caller that has the lock already.
type unlocked struct{ disk.FS }

// Lock implements disk.FS.
func (unlocked) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// readBack reads the imported spool, for which all of it must be readable.
func readBack(o Options) (r upgrade.Report, err error) {
	s, err := open(o)
	if err == nil {
		r, err = count(s)
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		return r, fmt.Errorf("reading the imported spool back: %w", err)
	}
	return r, nil
}

// earlierFiles are the names of Pebble's files.
type earlierFiles struct{ all []string }

func earlier(names []string) (f earlierFiles) {
	for _, name := range names {
		if spool.IsPebbleFile(name) {
			f.all = append(f.all, name)
		}
	}
	return f
}

func isMarker(name string) bool { return strings.HasPrefix(name, markerPrefix) }

// intact reports whether Pebble can open them.
func (f earlierFiles) intact() bool {
	return slices.ContainsFunc(f.all, isMarker)
}

// withEntries reports whether there are files that entries are in.
func (f earlierFiles) withEntries() bool {
	for _, name := range f.all {
		switch filepath.Ext(name) {
		case ".sst", ".log", ".blob":
			return true
		}
	}
	return false
}

// remove removes them, those first without which nothing can open the rest.
func (f earlierFiles) remove(o Options) error {
	for _, markers := range []bool{true, false} {
		for _, name := range f.all {
			if isMarker(name) != markers {
				continue
			}
			if err := o.FS.Remove(filepath.Join(o.Dir, name)); err != nil {
				return fmt.Errorf("removing the earlier spool: %w", err)
			}
		}
		if err := o.FS.SyncDir(o.Dir); err != nil {
			return fmt.Errorf("removing the earlier spool: %w", err)
		}
	}
	return nil
}
