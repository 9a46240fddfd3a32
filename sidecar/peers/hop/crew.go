package hop

import (
	"context"
	"sync"
)

// crew are the goroutines of all links, which end with it.
type crew struct {
	ctx    context.Context //nolint:containedctx // the life of the goroutines, which no call's context is
	cancel context.CancelFunc

	mu      sync.Mutex
	closed  bool
	working sync.WaitGroup
}

func newCrew() *crew {
	ctx, cancel := context.WithCancel(context.Background())
	return &crew{ctx: ctx, cancel: cancel}
}

// start runs work in a goroutine, with a context that ends when the crew must; false
// after close.
func (c *crew) start(work func(context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.working.Go(func() { work(c.ctx) })
	return true
}

// close waits for the goroutines, which must end when ctx does.
func (c *crew) close(ctx context.Context) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, c.cancel)
	defer stop()
	c.working.Wait()
	c.cancel()
}
