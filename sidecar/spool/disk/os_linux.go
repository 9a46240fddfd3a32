package disk

import (
	"errors"
	"os"
	"syscall"
)

// allocate gives a file room for size bytes, which read as zeros.
func allocate(f *os.File, size int64) error {
	return allocateBy(func() error { return syscall.Fallocate(int(f.Fd()), 0, 0, size) }, f, size)
}

// allocateBy is allocate by a call of the operating system, which not every file
// system has.
func allocateBy(call func() error, f *os.File, size int64) error {
	err := ignoringInterrupts(call)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return fill(f, size)
	}
	return err
}

// syncData syncs a file's content, and of what describes it only what is needed
// to read that.
func syncData(f *os.File) error {
	return ignoringInterrupts(func() error { return syscall.Fdatasync(int(f.Fd())) })
}

// beginWriting begins to write a range to the disk, once earlier writing of it is
// done. It does not wait for the file system's own log, as a sync does.
func beginWriting(f *os.File, at, length int64) error {
	const waitBefore, write = 1, 2 // SYNC_FILE_RANGE_…
	err := ignoringInterrupts(func() error {
		return syscall.SyncFileRange(int(f.Fd()), at, length, waitBefore|write)
	})
	if errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) {
		return nil
	}
	return err
}

func ignoringInterrupts(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
