package adopt

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

// lockFile is held, by a lock of the operating system's, while a spool is open.
const lockFile = "LOCK"

// prefix of the spools that were taken from their pods:
// adopted-<UID of the pod>-<random>.
const prefix = "adopted-"

// adoptedName is a new name for a spool, by which no pod knows it.
func adoptedName(name string) string {
	uid, _ := podOf(name)
	return prefix + uid + "-" + uuid.NewString()[:8]
}

// podOf returns the UID of the pod whose spool a directory was, and whether it
// is one at all. Other directories are none of our business.
func podOf(name string) (uid string, ok bool) {
	name = strings.TrimPrefix(name, prefix)
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

// sighting is what an unused spool looked like when it was first seen so.
// Opening it changes both times.
type sighting struct {
	since      time.Time
	lock, path time.Time
}

// orphans returns the spools that have been unused for the grace.
func (a *Adopter) orphans(now time.Time) (names []string, err error) {
	entries, err := os.ReadDir(a.root)
	if err != nil {
		return nil, fmt.Errorf("looking for spools that their pods have left: %w", err)
	}
	seen := map[string]sighting{}
	for _, e := range entries {
		name := e.Name()
		if _, ok := podOf(name); !ok || !e.IsDir() || name == filepath.Base(a.o.Spool) || a.done[name] {
			continue
		}
		s, unused := look(filepath.Join(a.root, name))
		if !unused {
			continue
		}
		s.since = now
		if old, ok := a.seen[name]; ok && old.lock.Equal(s.lock) && old.path.Equal(s.path) {
			s.since = old.since
		}
		seen[name] = s
		if now.Sub(s.since) >= a.o.Grace {
			names = append(names, name)
		}
	}
	a.seen = seen
	return names, nil
}

// look returns what a spool looks like, and whether it is one that nobody uses.
func look(dir string) (s sighting, unused bool) {
	lock, err := os.Stat(filepath.Join(dir, lockFile))
	if err != nil {
		return s, false
	}
	path, err := os.Stat(dir)
	if err != nil || used(dir) {
		return s, false
	}
	return sighting{lock: lock.ModTime(), path: path.ModTime()}, true
}

// used reports whether another process has the spool open. It only asks, so that
// a process which opens the spool meanwhile is not in its way. It must not be
// asked about a spool that this process has open: to close the file would give
// up the lock.
func used(dir string) bool {
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
