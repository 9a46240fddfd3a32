package buffer

import "sync"

// broadcast tells any number of goroutines that something happened.
type broadcast struct {
	mu   sync.Mutex
	next chan struct{}
}

func newBroadcast() broadcast { return broadcast{next: make(chan struct{})} }

// wait returns a channel that is closed by the next send.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.next)
	b.next = make(chan struct{})
}
