package buffer

import (
	"sync"
	"sync/atomic"
)

// fault is the final state after an error of the disk. It is set once.
type fault struct {
	once sync.Once
	is   atomic.Bool
	done chan struct{}
	err  error
}

func newFault() *fault { return &fault{done: make(chan struct{})} }

func (f *fault) failed() bool { return f.is.Load() }

func (f *fault) set(err error) {
	f.once.Do(func() {
		f.err = err
		f.is.Store(true)
		close(f.done)
	})
}
