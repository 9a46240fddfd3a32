package front

import (
	"net"
	"sync"
)

// handover is the listener of net/http, which accepts the connections that are
// handed to it.
type handover struct {
	net.Listener
	next chan accepted
	done chan struct{}
	once sync.Once
	err  error // of closing
}

// accepted is what net/http gets from its listener.
type accepted struct {
	conn net.Conn
	err  error
}

func newHandover(l net.Listener) *handover {
	return &handover{Listener: l, next: make(chan accepted), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case a := <-h.next:
		return a.conn, a.err
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error {
	h.once.Do(func() {
		close(h.done)
		h.err = h.Listener.Close()
	})
	return h.err
}

// pass reports whether net/http took it.
func (h *handover) pass(a accepted) bool {
	select {
	case h.next <- a:
		return true
	case <-h.done:
		return false
	}
}
