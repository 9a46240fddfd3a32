package state

import "sync/atomic"

// broadcast wakes all who wait for a change. Without waiters a change costs one
// atomic load, since it happens with every update.
type broadcast struct{ waiting atomic.Pointer[chan struct{}] }

func (b *broadcast) next() <-chan struct{} {
	for {
		if ch := b.waiting.Load(); ch != nil {
			return *ch
		}
		ch := make(chan struct{})
		if b.waiting.CompareAndSwap(nil, &ch) {
			return ch
		}
	}
}

func (b *broadcast) notify() {
	if b.waiting.Load() == nil {
		return
	}
	if ch := b.waiting.Swap(nil); ch != nil {
		close(*ch)
	}
}
