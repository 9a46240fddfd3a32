package disktest

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// Kind of an operation.
type Kind string

// The operations that change the disk, and those that read it.
const (
	MkdirAll Kind = "mkdir"
	Create   Kind = "create"
	Write    Kind = "write"
	Sync     Kind = "sync"
	Begin    Kind = "beginning to write"
	Truncate Kind = "truncation"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	SyncDir  Kind = "sync of the names in"
	Lock     Kind = "lock"
	Open     Kind = "open"
	Read     Kind = "read"
	List     Kind = "list"
)

// Changes reports whether the operation changes what is on the disk.
func (k Kind) Changes() bool { return k != Open && k != Read && k != List && k != Lock }

// Op is an operation that is about to happen.
type Op struct {
	Kind Kind
	Name string // the path, of a file that is renamed the one it gets
}

// Disk is a disk.FS in memory. Use New.
type Disk struct {
	mu      sync.Mutex
	before  func(Op) error
	limit   int64
	dirs    map[string]bool
	names   map[string]*inode
	durable map[string]*inode // names after a loss of power
	pending []renaming        // of names, that no SyncDir has made durable
	locked  map[string]bool
}

// renaming is what one operation did to names.
type renaming struct {
	gone, there string // empty for none
	inode       *inode
}

// New returns an empty disk.
func New() *Disk {
	return &Disk{
		dirs: map[string]bool{}, names: map[string]*inode{}, durable: map[string]*inode{}, locked: map[string]bool{},
	}
}

// Before sets what is called before each operation. Its error fails the
// operation; a write that fails has written its first half. It may copy the
// disk with Killed and Crashed.
func (d *Disk) Before(call func(Op) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = call
}

// Limit sets how many bytes the disk takes; 0 for any number.
func (d *Disk) Limit(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = bytes
}

// ask returns the error that the operation is to fail with.
func (d *Disk) ask(kind Kind, name string) error {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(Op{kind, name})
}

// MkdirAll implements disk.FS.
func (d *Disk) MkdirAll(dir string) error {
	if err := d.ask(MkdirAll, dir); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirs[filepath.Clean(dir)] = true
	return nil
}

// Create implements disk.FS.
func (d *Disk) Create(name string, size int64) (disk.File, error) {
	if err := d.ask(Create, name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dirs[filepath.Dir(name)] {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrNotExist}
	}
	if d.limit > 0 && d.used()+size > d.limit {
		return nil, &fs.PathError{Op: "create", Path: name, Err: syscall.ENOSPC}
	}
	i := &inode{is: content{size: size}}
	d.change(renaming{there: name, inode: i})
	return &file{disk: d, name: name, inode: i}, nil
}

// change does to the names what r says.
func (d *Disk) change(r renaming) {
	r.apply(d.names)
	d.pending = append(d.pending, r)
}

func (r renaming) apply(names map[string]*inode) {
	if r.gone != "" {
		delete(names, r.gone)
	}
	if r.there != "" {
		names[r.there] = r.inode
	}
}

// used is what all files take.
func (d *Disk) used() (bytes int64) {
	for _, i := range d.names {
		bytes += i.is.size
	}
	return bytes
}

// Open implements disk.FS.
func (d *Disk) Open(name string) (disk.File, error) {
	if err := d.ask(Open, name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.names[name]
	if i == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{disk: d, name: name, inode: i}, nil
}

// Rename implements disk.FS.
func (d *Disk) Rename(from, to string) error {
	if err := d.ask(Rename, to); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.names[from]
	if i == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	d.change(renaming{gone: from, there: to, inode: i})
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(name string) error {
	if err := d.ask(Remove, name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	d.change(renaming{gone: name})
	return nil
}

// List implements disk.FS.
func (d *Disk) List(dir string) (names []string, err error) {
	if err := d.ask(List, dir); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.names {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}
	return names, nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(dir string) error {
	if err := d.ask(SyncDir, dir); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable, d.pending = maps.Clone(d.names), nil
	return nil
}

// Lock implements disk.FS.
func (d *Disk) Lock(name string) (io.Closer, error) {
	if err := d.ask(Lock, name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked[name] {
		return nil, errLocked
	}
	d.locked[name] = true
	return lock{d, name}, nil
}

var errLocked = errors.New("another process uses it")

type lock struct {
	disk *Disk
	name string
}

// Close implements io.Closer.
func (l lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	delete(l.disk.locked, l.name)
	return nil
}

// FreeBytes implements disk.FS.
func (d *Disk) FreeBytes(string) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit == 0 {
		return 1 << 40, nil
	}
	return uint64(max(0, d.limit-d.used())), nil
}
