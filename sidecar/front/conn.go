package front

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// conn is a connection of the server.
type conn struct {
	net.Conn
	server *Server
	remote string      // its address
	active atomic.Bool // has a request
	// early came while a handler was watching for the client's end.
	early []byte
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// Times and bytes for a client that still sends when its connection ends.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

// Close implements net.Conn. It takes what is under way, since an answer is lost
// where bytes come to a closed connection (RFC 9112, section 9.6).
func (c *conn) Close() error {
	c.server.remove(c)
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // it may end at any time
	}
	return c.Conn.Close()
}

// watch calls gone when the client ends the connection. Nobody else may read from
// it until stop has returned.
func (c *conn) watch(gone context.CancelFunc) (stop func()) {
	done := make(chan struct{})
	var stopping atomic.Bool
	if c.SetReadDeadline(time.Time{}) != nil {
		gone()
	}
	go func() {
		defer close(done)
		var one [1]byte
		n, err := c.Conn.Read(one[:])
		c.early = append(c.early, one[:n]...)
		if err != nil && !stopping.Load() {
			gone()
		}
	}()
	return func() {
		stopping.Store(true)
		_ = c.SetReadDeadline(time.Unix(1, 0)) // wakes the reader; one that fails has ended
		<-done
		_ = c.SetReadDeadline(time.Time{})
	}
}
