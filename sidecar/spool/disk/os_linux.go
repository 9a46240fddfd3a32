package disk

import (
	"errors"
	"os"
	"syscall"
)

// allocate gives a file room for size bytes, which read as zeros.
func allocate(f *os.File, size int64) error {
	err := ignoringInterrupts(func() error { return syscall.Fallocate(int(f.Fd()), 0, 0, size) })
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

func ignoringInterrupts(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
