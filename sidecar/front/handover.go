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

// begun is a connection of which something was read already.
type begun struct {
	net.Conn
	read []byte
}

// Read implements net.Conn.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.read) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.read)
	if b.read = b.read[n:]; len(b.read) == 0 {
		b.read = nil // its memory is the connection's buffer
	}
	return n, nil
}

// CloseWrite is what net/http looks for in a connection that it ends before it
// has read all of it.
func (b *begun) CloseWrite() error {
	if c, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
