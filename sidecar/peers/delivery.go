package peers

import (
	"context"
	"sync"
)

// delivery is the work that brings strays to their homes. It ends before what it
// works with does.
type delivery struct {
	once  sync.Once
	stop  chan struct{} // closed when it is to end
	ended chan struct{} // closed when it has ended
}

func newDelivery() *delivery {
	return &delivery{stop: make(chan struct{}), ended: make(chan struct{})}
}

// run does the work until ctx ends or end is called.
func (d *delivery) run(ctx context.Context, work func(context.Context) error) error {
	defer close(d.ended)
	ctx, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	waiting.Go(func() {
		select {
		case <-d.stop:
			cancel()
		case <-ctx.Done():
		}
	})
	return work(ctx)
}

// end stops the work for good, and returns when nothing of it is under way.
func (d *delivery) end(ctx context.Context) error {
	d.once.Do(func() { close(d.stop) })
	select {
	case <-d.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
