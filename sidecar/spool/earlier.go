package spool

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// ErrEarlier says that the directory holds a spool as versions up to 0.1 wrote it,
// with Pebble, which has to be imported first.
var ErrEarlier = errors.New("it was written by an earlier version; run spool-import on it, " +
	"which the sidecar's image has, or the earlier version, until nothing is left in it")

// pebbleNames are the names of all files that Pebble makes, but for its lock.
var pebbleNames = regexp.MustCompile(`^(\d{6,}\.(log|sst|blob)|(MANIFEST|OPTIONS)-\d{6,}|CURRENT(\.\d{6,}\.dbtmp)?|marker\..*|temporary\..*)$`)

// fence is an empty file by whose name Pebble tells its format, here one that no
// version of it knows. A version up to 0.1 then refuses the directory. Without it, it
// would take the spool of a gone pod for an empty one, and remove it unread.
const fence = "marker.format-version.999999.999"

// IsPebbleFile reports whether a file of that name is one of Pebble's. Its lock has
// the same name as a spool's.
func IsPebbleFile(name string) bool {
	return name != fence && pebbleNames.MatchString(name)
}

// putFence makes the fence, unless it is there, or an import is not done with the
// files of an earlier version. A full disk has no room for it until a later start.
func putFence(o Options) error {
	names, err := o.FS.List(o.Dir)
	if err != nil {
		return fmt.Errorf("opening the spool %s: %w", o.Dir, err)
	}
	if slices.Contains(names, fence) || slices.ContainsFunc(names, IsPebbleFile) {
		return nil
	}
	file, err := o.FS.Create(filepath.Join(o.Dir, fence), 0)
	if err == nil {
		err = errors.Join(file.Close(), o.FS.SyncDir(o.Dir))
	}
	if err != nil && !disk.IsFull(err) {
		return fmt.Errorf("keeping earlier versions from the spool %s: %w", o.Dir, err)
	}
	return nil
}

// importEarlier sees to it that Open finds no spool of an earlier version.
func importEarlier(o Options) error {
	earlier, err := findEarlier(o.FS, o.Dir)
	if err != nil || !earlier {
		return err
	}
	err = ErrEarlier
	if o.Import != nil {
		err = o.Import(o.Dir)
	}
	if err != nil {
		return fmt.Errorf("opening the spool %s: %w", o.Dir, err)
	}
	return nil
}

// findEarlier reports whether the directory holds Pebble's files.
func findEarlier(fs disk.FS, dir string) (bool, error) {
	if err := fs.MkdirAll(dir); err != nil {
		return false, fmt.Errorf("opening the spool %s: %w", dir, err)
	}
	names, err := fs.List(dir)
	if err != nil {
		return false, fmt.Errorf("opening the spool %s: %w", dir, err)
	}
	return slices.ContainsFunc(names, IsPebbleFile), nil
}

// PutImported notes that the entries come from an import. Nothing but a checkpoint
// removes that.
func (c *Change) PutImported() { c.put([]byte{importedEntry}, append(c.scratch[:0], entryVersion)) }

// PutEntry puts an entry by its name and value on the disk, see doc.go: for an
// import, since both are what they were with Pebble.
func (c *Change) PutEntry(name, value []byte) {
	c.add(opPut, name)
	c.bytes(value)
}

// State is what was done to a spool so far.
type State int

// States of a spool, before Load.
const (
	InUse    State = iota // it holds entries
	Empty                 // it holds none
	Imported              // it holds what an import wrote, and nothing was written since
)

// State returns what was done to the spool so far. It must be called before Load.
func (s *Spool) State() State {
	_, imported := s.contents.entries[string(rune(importedEntry))]
	switch {
	case len(s.contents.entries)+len(s.contents.events) == 0:
		return Empty
	case imported && !s.CheckpointDue():
		return Imported
	}
	return InUse
}
