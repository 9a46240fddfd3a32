package disktest

import (
	"io"
	"io/fs"
	"slices"
	"syscall"
)

// content is what a file holds: data, and zeros up to its size.
type content struct {
	data []byte
	size int64
}

func (c *content) put(data []byte, at int64) {
	c.size = max(c.size, at+int64(len(data)))
	if missing := at + int64(len(data)) - int64(len(c.data)); missing > 0 {
		c.data = append(c.data, make([]byte, missing)...)
	}
	copy(c.data[at:], data)
}

// cut makes c end at size, if it is longer.
func (c *content) cut(size int64) {
	c.size = min(c.size, size)
	c.data = c.data[:min(int64(len(c.data)), size)]
}

func (c content) clone() content { return content{slices.Clone(c.data), c.size} }

func (c content) bytes() []byte {
	return append(slices.Clone(c.data), make([]byte, c.size-int64(len(c.data)))...)
}

// inode is a file's content, as it is and as it is after a loss of power.
type inode struct {
	is, durable content
	writes      []write // that no Sync has made durable
}

type write struct {
	at   int64
	data []byte
}

// file is an open file.
type file struct {
	disk   *Disk
	name   string
	inode  *inode
	closed bool
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, at int64) (int, error) {
	if err := f.disk.ask(Read, f.name); err != nil {
		return 0, err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	is := f.inode.is
	n := int(max(0, min(int64(len(p)), is.size-at)))
	clear(p[:n])
	copy(p[:n], is.data[min(at, int64(len(is.data))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(p []byte, at int64) (int, error) {
	failure := f.disk.ask(Write, f.name)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return 0, fs.ErrClosed
	}
	if failure != nil {
		p = p[:len(p)/2]
	}
	growth := at + int64(len(p)) - f.inode.is.size
	if growth > 0 && f.disk.limit > 0 && f.disk.used()+growth > f.disk.limit {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	f.inode.is.put(p, at)
	f.inode.writes = append(f.inode.writes, write{at, slices.Clone(p)})
	return len(p), failure
}

// Sync implements disk.File.
func (f *file) Sync() error {
	if err := f.disk.ask(Sync, f.name); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	i := f.inode
	for _, w := range i.writes {
		i.durable.put(w.data, w.at)
	}
	i.durable.cut(i.is.size)
	i.durable.size, i.writes = i.is.size, nil
	return nil
}

// Begin implements disk.File.
func (f *file) Begin(int64, int64) error { return f.disk.ask(Begin, f.name) }

// Truncate implements disk.File.
func (f *file) Truncate(size int64) error {
	if err := f.disk.ask(Truncate, f.name); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.inode.is.cut(size)
	// A write beyond it has no effect any more, in whatever order they reach the disk.
	for i, w := range f.inode.writes {
		f.inode.writes[i].data = w.data[:max(0, min(int64(len(w.data)), size-w.at))]
	}
	return nil
}

// Size implements disk.File.
func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.inode.is.size, nil
}

// Close implements io.Closer.
func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.closed {
		return fs.ErrClosed
	}
	f.closed = true
	return nil
}
