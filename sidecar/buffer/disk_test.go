package buffer

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is a file system in memory that can lose its power.
type disk struct {
	*vfs.MemFS
	reusing sync.RWMutex
}

func newDisk() *disk { return &disk{MemFS: vfs.NewCrashableMem()} }

// ReuseForWrite implements vfs.FS. That of MemFS would wait for itself if a
// crash came in the middle of it.
func (d *disk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	d.reusing.RLock()
	defer d.reusing.RUnlock()
	return d.MemFS.ReuseForWrite(oldname, newname, category)
}

// crash returns the disk as it could be after a loss of power at this moment:
// with all that was synced and, of blocks of files, of new names and of removed
// ones that were not, with about the given percentage, in no order.
func (d *disk) crash(percent int, rng *rand.Rand) *disk {
	d.reusing.Lock()
	defer d.reusing.Unlock()
	var gone []string
	if percent > 0 {
		// In this order, since others go on meanwhile: a name that was there is
		// gone for good, as none is used twice.
		gone = names(d.CrashClone(vfs.CrashCloneCfg{}))
		is := names(d.MemFS)
		gone = slices.DeleteFunc(gone, func(name string) bool { return slices.Contains(is, name) })
	}
	after := d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
	for _, name := range gone {
		if rng.IntN(100) < percent {
			_ = after.Remove(after.PathJoin(spoolDir, name)) // it may be gone on the disk, too
		}
	}
	if dir, err := after.OpenDir(spoolDir); err == nil {
		_ = dir.Sync() // of memory
		_ = dir.Close()
	}
	return &disk{MemFS: after}
}

const spoolDir = "spool"

func names(fs *vfs.MemFS) []string {
	list, _ := fs.List(spoolDir) // there may be none yet
	slices.Sort(list)
	return list
}
