package front

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Phases of a connection.
const (
	idle int32 = iota // waits for a request; Shutdown ends it
	active
	ended // by Shutdown, before there was a request
)

// conn is a connection of the server.
type conn struct {
	net.Conn
	server *Server
	remote string // its address
	phase  atomic.Int32
	// handlers are those that the adaptor has called. One that streams may outlive
	// the connection for a moment.
	handlers sync.WaitGroup
	// early came while the client's end was watched for.
	early []byte
}

// change follows whether the connection has a request.
func (c *conn) change(state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateActive:
		c.phase.CompareAndSwap(idle, active)
	case fasthttp.StateIdle:
		if c.phase.CompareAndSwap(active, idle) && c.server.closing.Load() {
			c.endIdle()
		}
	default: // it begins, or has ended
	}
}

// endIdle ends the connection unless it has a request.
func (c *conn) endIdle() {
	if c.phase.CompareAndSwap(idle, ended) {
		c.cut()
	}
}

// cut ends the connection at once. Whoever serves it then calls Close.
func (c *conn) cut() { _ = c.Conn.Close() }

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
	lingerBytes = 16 << 20
)

// Close implements net.Conn. It takes what is under way, since an answer is lost
// where bytes come to a closed connection (RFC 9112, section 9.6).
func (c *conn) Close() error {
	defer c.server.remove(c)
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // it may end at any time
	}
	err := c.Conn.Close()
	c.handlers.Wait() // they know that their client has gone
	return err
}

// watch calls gone when the client ends the connection. Nobody else may read from
// it until stop has returned. Then the client has the given time to send what is
// left of the request.
func (c *conn) watch(gone context.CancelFunc, left time.Duration) (stop func()) {
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
		_ = c.SetReadDeadline(time.Now().Add(left))
	}
}
