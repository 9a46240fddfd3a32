package buffer

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Pebble writes its logs over old ones, of which the rest stays readable. A log
// that is spoiled is not used again.

// spoilLogs spoils all logs that there are and returns the number of the last.
func (g *guardedFS) spoilLogs() uint64 {
	g.logs.Lock()
	defer g.logs.Unlock()
	g.spoiled = g.lastLog
	return g.spoiled
}

// removeLogs removes the logs up to the given one, which Pebble must have no
// more use for than to write over them.
func (g *guardedFS) removeLogs(dir string, last uint64) error {
	g.logs.Lock()
	defer g.logs.Unlock()
	names, err := g.List(dir)
	if err != nil {
		return fmt.Errorf("listing the logs: %w", err)
	}
	for _, name := range names {
		if n, ok := fileNumber(name, ".log"); !ok || n > last {
			continue
		}
		if err := g.Remove(g.PathJoin(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a log: %w", err)
		}
	}
	return nil
}

// renew is ReuseForWrite that leaves spoiled logs alone.
func (g *guardedFS) renew(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	g.logs.Lock()
	defer g.logs.Unlock()
	g.sawLog(newname)
	if n, ok := fileNumber(oldname, ".log"); ok && n > g.spoiled {
		return g.FS.ReuseForWrite(oldname, newname, category)
	}
	if err := g.Remove(oldname); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return g.FS.Create(newname, category)
}

// create is Create of a log.
func (g *guardedFS) create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	g.logs.Lock()
	defer g.logs.Unlock()
	g.sawLog(name)
	return g.FS.Create(name, category)
}

func (g *guardedFS) sawLog(name string) {
	if n, ok := fileNumber(name, ".log"); ok {
		g.lastLog = max(g.lastLog, n)
	}
}

func (g *guardedFS) syncDir(dir string) error {
	f, err := g.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("syncing the spool's directory: %w", err)
	}
	return wrap("syncing the spool's directory", errors.Join(f.Sync(), f.Close()))
}
