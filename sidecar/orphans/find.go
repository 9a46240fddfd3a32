package orphans

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// lockFile of a spool is locked by the process that has the spool open.
const lockFile = "LOCK"

// movedPrefix begins the name of a spool that was moved out of its pod's way:
// adopted-<UID of the pod>-<random>.
const movedPrefix = "adopted-"

// movedName is a name for a spool by which no pod knows it.
func movedName(name string) string {
	uid, _ := podOf(name)
	return movedPrefix + uid + "-" + uuid.NewString()[:8]
}

// podOf returns the UID of the pod whose spool a directory is or was, and whether
// it is a spool at all. Other directories are left alone.
func podOf(name string) (uid string, ok bool) {
	name = strings.TrimPrefix(name, movedPrefix)
	const length = 36
	if len(name) < length {
		return "", false
	}
	_, err := uuid.Parse(name[:length])
	return name[:length], err == nil && (len(name) == length || name[length] == '-')
}

// Possible reports whether the siblings of a spool may be spools too: when it is
// named by its pod.
func Possible(spool string) bool {
	_, ok := podOf(filepath.Base(spool))
	return ok
}

// idle tells since when a spool has been unused.
type idle struct {
	since time.Time
	// lock and dir are when the lock file and the directory were changed last,
	// as opening the spool does.
	lock, dir time.Time
}

// find returns the orphans: the spools that have been unused for the grace.
func (d *Drainer) find(now time.Time) (names []string, err error) {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return nil, fmt.Errorf("looking for spools that their pods have left: %w", err)
	}
	unused := map[string]idle{}
	for _, e := range entries {
		name := e.Name()
		if _, ok := podOf(name); !ok || !e.IsDir() || name == filepath.Base(d.o.Spool) || d.done[name] {
			continue
		}
		i, ok := idleSince(now, filepath.Join(d.root, name))
		if !ok {
			continue
		}
		if before, ok := d.idle[name]; ok && before.lock.Equal(i.lock) && before.dir.Equal(i.dir) {
			i.since = before.since
		}
		unused[name] = i
		if now.Sub(i.since) >= d.o.Grace {
			names = append(names, name)
		}
	}
	d.idle = unused
	return names, nil
}

// idleSince returns false if the directory is no spool, or one in use.
func idleSince(now time.Time, path string) (idle, bool) {
	lock, err := os.Stat(filepath.Join(path, lockFile))
	if err != nil {
		return idle{}, false
	}
	dir, err := os.Stat(path)
	if err != nil || inUse(path) {
		return idle{}, false
	}
	return idle{since: now, lock: lock.ModTime(), dir: dir.ModTime()}, true
}

// inUse reports whether another process has the spool open. It takes no lock, so
// a process may open the spool meanwhile. It must not be called for a spool that
// this process has open: closing the file would give up the lock.
func inUse(dir string) bool {
	f, err := os.Open(filepath.Join(dir, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		return true
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	err = syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock)
	return err != nil || lock.Type != syscall.F_UNLCK
}
