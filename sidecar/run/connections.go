package run

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	statusConnections = 128
	// A connection takes about this much memory: a buffer for the longest head, a
	// goroutine, and what belongs to a small request. A quarter of the memory is for
	// connections.
	connectionBytes               = 24 << 10
	connectionShare               = 4
	fewConnections, anyConnection = 256, 4096
)

// apiConnections is how many connections the API takes with so much memory.
func apiConnections(memory int64) int64 {
	if memory <= 0 {
		return anyConnection
	}
	return min(max(memory/connectionShare/connectionBytes, fewConnections), anyConnection)
}

// tooMany is the whole answer to a connection above the limit.
const tooMany = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/problem+json\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" +
	`{"type":"urn:progress-sync:problem:overloaded","title":"Too many connections","status":503,` +
	`"detail":"nothing of this request was kept; use connections again instead of opening new ones, then send it again"}` + "\n"

// limitedListener answers for the server when there are too many connections.
type limitedListener struct {
	net.Listener
	limit int64
	open  atomic.Int64
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.limit {
			return &limitedConn{Conn: conn, leave: sync.OnceFunc(func() { l.open.Add(-1) })}, nil
		}
		l.open.Add(-1)
		// The answer fits into the socket's buffer, so that this does not wait.
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(conn, tooMany)
		_ = conn.Close()
	}
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite lets net/http end the sending half of a connection that it closes
// before it has read all of it, so that its last answer still arrives.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
