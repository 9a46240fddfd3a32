package journal

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
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

// take makes an error of the disk the final one and returns ErrFailed.
func (f *fault) take(doing string, err error) error {
	f.once.Do(func() {
		f.err = fmt.Errorf("%s: %w", doing, err)
		f.is.Store(true)
		close(f.done)
	})
	return ErrFailed
}

// judge returns what an error of the disk in a call that takes room means:
// ErrNoSpace, or the end.
func (f *fault) judge(doing string, err error) error {
	if disk.IsFull(err) {
		return fmt.Errorf("%s: %w", doing, ErrNoSpace)
	}
	return f.take(doing, err)
}
