package journal

import (
	"path/filepath"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// files knows the journal's files and their sizes, and changes which there are.
type files struct {
	fs  disk.FS
	dir string

	mu    sync.Mutex
	sizes map[string]int64 // by name
}

func newFiles(fs disk.FS, dir string) *files {
	return &files{fs: fs, dir: dir, sizes: map[string]int64{}}
}

func (f *files) path(name string) string { return filepath.Join(f.dir, name) }

// create makes an unfinished file, see finish.
func (f *files) create(name string, size int64) (disk.File, error) {
	file, err := f.fs.Create(f.path(name+unfinishedSuffix), size)
	if err == nil {
		f.resize(name+unfinishedSuffix, size)
	}
	return file, err
}

// finish gives an unfinished file, which is synced, its name for good.
func (f *files) finish(begun, name string) error {
	begun += unfinishedSuffix
	if err := f.fs.Rename(f.path(begun), f.path(name)); err != nil {
		return err
	}
	f.mu.Lock()
	f.sizes[name] = f.sizes[begun]
	delete(f.sizes, begun)
	f.mu.Unlock()
	return f.sync()
}

// sync makes the names durable.
func (f *files) sync() error { return f.fs.SyncDir(f.dir) }

func (f *files) remove(name string) error {
	if err := f.fs.Remove(f.path(name)); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sizes, name)
	return nil
}

func (f *files) resize(name string, size int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sizes[name] = size
}

// names are those of all files that match.
func (f *files) names(match func(name string) bool) (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name := range f.sizes {
		if match(name) {
			names = append(names, name)
		}
	}
	return names
}

// total is what all of them take, in bytes.
func (f *files) total() (sum int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, size := range f.sizes {
		sum += size
	}
	return sum
}
