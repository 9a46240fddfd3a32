package hop

import (
	"context"
	"sync"
)

// workers are the goroutines of all links, which end with the set.
type workers struct {
	ctx    context.Context //nolint:containedctx // the life of the goroutines, which no call's context is
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	working sync.WaitGroup
}

func newWorkers() *workers {
	ctx, cancel := context.WithCancel(context.Background())
	return &workers{ctx: ctx, cancel: cancel}
}

// start runs work in a goroutine, with a context that ends when they must; false
// after close.
func (w *workers) start(work func(context.Context)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.working.Go(func() { work(w.ctx) })
	return true
}

// close waits for the goroutines, which must end when ctx does.
func (w *workers) close(ctx context.Context) {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	stop := context.AfterFunc(ctx, w.cancel)
	defer stop()
	w.working.Wait()
	w.cancel()
}
