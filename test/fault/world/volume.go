package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// volume is the disk of a spool: a small file system of its own where that is
// allowed, else a folder.
type volume struct {
	dir string
	own bool
}

const volumeSize = "size=256m"

func newVolume(dir string) (*volume, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a spool volume: %w", err)
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, volumeSize)
	if err != nil && !errors.Is(err, syscall.EPERM) {
		return nil, fmt.Errorf("mounting a spool volume: %w", err)
	}
	return &volume{dir: dir, own: err == nil}, nil
}

func (v *volume) close() error {
	if !v.own {
		return nil
	}
	if err := syscall.Unmount(v.dir, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmounting a spool volume: %w", err)
	}
	return nil
}

func (v *volume) filler() string { return filepath.Join(v.dir, "filler") }

// CanFill reports whether the spool's volume is one that may be filled.
func (s *Sidecar) CanFill() bool { return s.volume.own }

// Fill leaves so many bytes of the spool's volume free.
func (s *Sidecar) Fill(left int64) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(s.volume.dir, &disk); err != nil {
		return fmt.Errorf("measuring a spool volume: %w", err)
	}
	file, err := os.Create(s.volume.filler())
	if err != nil {
		return fmt.Errorf("filling a spool volume: %w", err)
	}
	defer file.Close()
	size := int64(disk.Bavail)*disk.Bsize - left
	if size <= 0 {
		return nil
	}
	// The sidecar may take the last of it meanwhile.
	if err := syscall.Fallocate(int(file.Fd()), 0, 0, size); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("filling a spool volume: %w", err)
	}
	return nil
}

// Free takes Fill back.
func (s *Sidecar) Free() error {
	if err := os.Remove(s.volume.filler()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("freeing a spool volume: %w", err)
	}
	return nil
}
