package disk

import (
	"errors"
	"io"
	"syscall"
)

// FS is a file system. Names are paths. After a loss of power a file has what
// was written before its last Sync, and a directory the names that it had at
// the last SyncDir; of what came later, any part may be there.
type FS interface {
	// MkdirAll makes a directory and its parents, and syncs their names.
	MkdirAll(dir string) error
	// Create makes a file, in place of one of that name, with room on the disk for
	// size bytes, which read as zeros.
	Create(name string, size int64) (File, error)
	// Open opens a file to be read and written.
	Open(name string) (File, error)
	// Rename gives a file another name, in place of a file that has it.
	Rename(from, to string) error
	Remove(name string) error
	// List returns the names in a directory, in no order.
	List(dir string) ([]string, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
	// Lock takes the lock of a file, which is made if it doesn't exist, until
	// the result is closed or the process ends. It doesn't wait for another
	// process.
	Lock(name string) (io.Closer, error)
	// FreeBytes is how much room the file system that holds dir has left.
	FreeBytes(dir string) (uint64, error)
}

// File is an open file. Its calls don't overlap.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes what was written durable.
	Sync() error
	// Begin makes the disk begin with what was written to a range, after what it has
	// begun with before in that range. It spreads the work of a later Sync and
	// promises nothing itself, but its error is as final as that of Sync.
	Begin(at, length int64) error
	// Truncate shortens the file to size bytes and gives their room back.
	Truncate(size int64) error
	// Size is the file's length in bytes.
	Size() (int64, error)
}

// IsFull reports whether err says that the disk, or the quota, has no room left.
func IsFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
