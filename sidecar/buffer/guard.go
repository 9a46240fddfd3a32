package buffer

import (
	"fmt"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// guardedFS makes an error of the write-ahead log final, and times its syncs.
//
// After such an error Pebble panics with its locks held, or ends the process.
// A guarded file sets the fault instead, writes nothing from then on, and lets
// Pebble believe that all went well. Nobody is deceived: the journal looks at
// the fault after every wait and acknowledges nothing once it is set, and the
// fault is set before Pebble hears of the operation's end. Tables are written
// again by Pebble when that fails for lack of space, and the log keeps what
// they hold; an error in syncing them is final too.
type guardedFS struct {
	vfs.FS
	fault  *fault
	onSync func(time.Duration)

	logs sync.Mutex // held where files of logs come and go
	// lastLog is the highest number of a log, spoiled that of the last one
	// that must not be used again.
	lastLog, spoiled uint64
}

const logCategory = "pebble-wal"

// Unwrap implements vfs.FS.
func (g *guardedFS) Unwrap() vfs.FS { return g.FS }

// Create implements vfs.FS.
func (g *guardedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := g.settleNames(name); err != nil {
		return nil, err
	}
	return g.guard(category, func() (vfs.File, error) { return g.create(name, category) })
}

// ReuseForWrite implements vfs.FS.
func (g *guardedFS) ReuseForWrite(
	oldname, newname string, category vfs.DiskWriteCategory,
) (vfs.File, error) {
	return g.guard(category, func() (vfs.File, error) {
		return g.renew(oldname, newname, category)
	})
}

// guard opens a file. A log that cannot be opened, or would follow one with a
// torn end, which Pebble takes for corruption, is replaced by one in memory.
func (g *guardedFS) guard(
	category vfs.DiskWriteCategory, open func() (vfs.File, error),
) (vfs.File, error) {
	if category != logCategory {
		f, err := open()
		if err != nil {
			return nil, err
		}
		return &guardedTable{File: f, fault: g.fault}, nil
	}
	if !g.fault.failed() {
		f, err := open()
		if err == nil {
			return &guardedLog{File: f, guardedFS: g}, nil
		}
		g.fault.set(fmt.Errorf("creating a log: %w", err))
	}
	return &guardedLog{File: vfs.NewMemFile(nil), guardedFS: g}, nil
}

// OpenDir implements vfs.FS.
func (g *guardedFS) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &guardedDir{File: f, fault: g.fault}, nil
}

// guardedLog is a file of the write-ahead log. As everywhere in vfs, its
// writes and syncs don't overlap.
type guardedLog struct {
	vfs.File
	*guardedFS
}

// Write implements vfs.File.
func (l *guardedLog) Write(p []byte) (int, error) {
	if l.fault.failed() {
		return len(p), nil
	}
	if _, err := l.File.Write(p); err != nil {
		l.fault.set(fmt.Errorf("writing the log: %w", err))
	}
	return len(p), nil
}

// Sync implements vfs.File.
func (l *guardedLog) Sync() error { return l.sync(l.File.Sync) }

// SyncData implements vfs.File.
func (l *guardedLog) SyncData() error { return l.sync(l.File.SyncData) }

// SyncTo implements vfs.File.
func (l *guardedLog) SyncTo(length int64) (full bool, err error) {
	err = l.sync(func() (err error) {
		full, err = l.File.SyncTo(length)
		return err
	})
	return full, err
}

func (l *guardedLog) sync(sync func() error) error {
	if l.fault.failed() {
		return nil
	}
	start := time.Now()
	if err := sync(); err != nil {
		l.fault.set(fmt.Errorf("syncing the log: %w", err))
		return nil
	}
	if l.onSync != nil {
		l.onSync(time.Since(start))
	}
	return nil
}

// Preallocate implements vfs.File.
func (l *guardedLog) Preallocate(offset, length int64) error {
	if l.fault.failed() {
		return nil
	}
	return l.File.Preallocate(offset, length)
}

// Close implements vfs.File.
func (l *guardedLog) Close() error {
	if err := l.File.Close(); err != nil {
		l.fault.set(fmt.Errorf("closing the log: %w", err))
	}
	return nil
}

// Stat implements vfs.File.
func (l *guardedLog) Stat() (vfs.FileInfo, error) {
	info, err := l.File.Stat()
	if err != nil {
		l.fault.set(fmt.Errorf("examining the log: %w", err))
		return vfs.NewMemFile(nil).Stat()
	}
	return info, nil
}

// guardedDir is a directory that logs are created in.
type guardedDir struct {
	vfs.File
	fault *fault
}

// Sync implements vfs.File.
func (d *guardedDir) Sync() error {
	if d.fault.failed() {
		return nil
	}
	if err := d.File.Sync(); err != nil {
		d.fault.set(fmt.Errorf("syncing the spool's directory: %w", err))
	}
	return nil
}

// guardedTable is any other file: its write errors are Pebble's affair.
type guardedTable struct {
	vfs.File
	fault *fault
}

// Sync implements vfs.File.
func (t *guardedTable) Sync() error { return t.check(t.File.Sync()) }

// SyncData implements vfs.File.
func (t *guardedTable) SyncData() error { return t.check(t.File.SyncData()) }

// SyncTo implements vfs.File.
func (t *guardedTable) SyncTo(length int64) (bool, error) {
	full, err := t.File.SyncTo(length)
	return full, t.check(err)
}

func (t *guardedTable) check(err error) error {
	if err != nil {
		t.fault.set(fmt.Errorf("syncing a table: %w", err))
	}
	return err
}
