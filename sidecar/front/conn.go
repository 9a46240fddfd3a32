package front

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// headBytes is the size of a connection's buffer, and so the longest head of a
// plain request.
const headBytes = 4 << 10

// Phases of a connection.
const (
	idle int32 = iota // waits for a request; Shutdown closes it
	active
	closed
)

// conn is a connection that has sent only plain requests so far.
type conn struct {
	net.Conn
	server *Server
	rest   *handover
	phase  atomic.Int32

	in         []byte
	start, end int // what was read and not used
	head       head
	served     bool // one request at least

	readBy, writeBy time.Time // the deadlines of Conn
	remote          string    // its address
}

// serve answers plain requests until another one comes or the connection ends.
func (c *conn) serve() {
	passed := false
	defer func() {
		if v := recover(); v != nil {
			c.report(v)
		}
		if !passed {
			_ = c.Close()
		}
		c.server.remove(c)
	}()
	c.in, c.remote = make([]byte, headBytes), c.RemoteAddr().String()
	if c.keepReading(time.Now(), c.server.http.ReadHeaderTimeout) != nil {
		return
	}
	for c.receive() {
		n := c.head.parse(c.in[c.start:c.end], c.server.routes)
		if n == 0 {
			passed = c.handOver()
			return
		}
		c.start += n
		if !c.exchange() {
			return
		}
	}
}

// receive waits for the start of a request, and reports whether there is one.
// As in net/http that is four bytes, except for the first request, and up to
// four line ends may come before a request that follows a POST.
func (c *conn) receive() bool {
	const start = 4
	least := 1
	if c.served {
		least = start
	}
	c.start, c.end = 0, copy(c.in, c.in[c.start:c.end])
	for c.end < least {
		c.phase.Store(idle)
		if c.server.closing.Load() {
			return false
		}
		n, err := c.Read(c.in[c.end:])
		c.end += n
		if !c.phase.CompareAndSwap(idle, active) || err != nil && c.end < least {
			return false
		}
	}
	for c.served && c.start < start && (c.in[c.start] == '\r' || c.in[c.start] == '\n') {
		c.start++
	}
	return true
}

// take copies what was read already.
func (c *conn) take(p []byte) int {
	n := copy(p, c.in[c.start:c.end])
	c.start += n
	return n
}

// closeIdle closes the connection unless it has a request.
func (c *conn) closeIdle() {
	if c.phase.CompareAndSwap(idle, closed) {
		_ = c.Close()
	}
}

// handOver gives the connection with what was read of it to net/http, which sets
// deadlines of its own.
func (c *conn) handOver() bool {
	if c.SetDeadline(time.Time{}) != nil {
		return false
	}
	return c.rest.pass(accepted{conn: &begun{Conn: c.Conn, read: c.in[c.start:c.end]}})
}

// exchange answers the request whose head was read, and reports whether the
// connection stays.
func (c *conn) exchange() bool {
	server, now := c.server.http, time.Now()
	e := c.server.newExchange(c, now)
	c.server.plain.ServeHTTP(&e.answer, &e.request)
	c.served = true
	stays := e.body.rest() == nil && !c.server.closing.Load()
	e.out, stays = e.answer.append(e.out[:0], c.server.date.at(now), stays)
	if c.keepWriting(now, server.WriteTimeout) != nil {
		return false
	}
	_, err := c.Write(e.out)
	c.server.end(e)
	return err == nil && stays && c.keepReading(now, server.IdleTimeout) == nil
}

// keepReading gives the client a time from now to send the next request, or up
// to a quarter less: a deadline that is not moved costs nothing.
func (c *conn) keepReading(now time.Time, limit time.Duration) error {
	if left := c.readBy.Sub(now); left <= limit && left >= limit-limit/4 {
		return nil
	}
	return c.readUntil(now.Add(limit))
}

func (c *conn) readUntil(by time.Time) error {
	c.readBy = by
	return c.SetReadDeadline(by)
}

// keepWriting gives the client a time from now to take an answer, or up to a
// quarter more.
func (c *conn) keepWriting(now time.Time, limit time.Duration) error {
	if c.writeBy.Sub(now) >= limit {
		return nil
	}
	c.writeBy = now.Add(limit + limit/4)
	return c.SetWriteDeadline(c.writeBy)
}

// report logs what a handler panicked with, unless it only wanted to end the
// connection, as net/http does.
func (c *conn) report(v any) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return
	}
	if log := c.server.http.ErrorLog; log != nil {
		log.Printf("http: panic serving %v: %v\n%s", c.remote, v, debug.Stack())
	}
}
