package door

import (
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// connections are those that are open. They are counted by what became of them: of one
// that ends without a request, TLS has refused the key, or what came was no TLS with a
// certificate.
//
// Anybody on the pod network can open connections and say nothing. So that these don't
// take the places of members, one that comes at the limit takes the place of the one
// that has waited longest without having shown a member's key.
type connections struct {
	limit   func() int
	refused func(reason string)

	mu       sync.Mutex
	open     map[net.Conn]bool // true once TLS was done
	waiting  []net.Conn        // those of open that are false, the oldest first
	unproven int               // refused by their keys, and not closed yet
}

// watch is the configuration with a note of the keys that it refuses.
func (c *connections) watch(of *tls.Config) *tls.Config {
	watched := of.Clone()
	verify := of.VerifyConnection
	if verify == nil {
		return watched
	}
	watched.VerifyConnection = func(state tls.ConnectionState) error {
		err := verify(state)
		if err != nil {
			c.mu.Lock()
			c.unproven++
			c.mu.Unlock()
		}
		return err
	}
	return watched
}

// changed is told of every connection by http.Server.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if reason := c.note(conn, state); reason != "" {
		c.refused(reason)
	}
}

// note returns why a connection is refused, this one or one in whose place it comes; ""
// if none is.
func (c *connections) note(conn net.Conn, state http.ConnState) (refused string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.open) >= c.limit() {
			refused = wire.RefusedConnections
			if !c.dropOldest() {
				closeAtOnce(conn)
				return refused
			}
		}
		if c.open == nil {
			c.open = map[net.Conn]bool{}
		}
		c.open[conn] = false
		c.waiting = append(c.waiting, conn)
		return refused
	case http.StateActive, http.StateIdle:
		if proven, counted := c.open[conn]; counted && !proven {
			c.open[conn] = true
			c.forget(conn)
		}
	case http.StateClosed, http.StateHijacked:
		proven, counted := c.open[conn]
		delete(c.open, conn)
		if counted && !proven {
			c.forget(conn)
		}
		switch {
		case !counted || proven:
		case c.unproven > 0:
			c.unproven--
			return wire.RefusedUnregistered
		default:
			return wire.RefusedHandshake
		}
	}
	return ""
}

// dropOldest closes the connection that has waited longest without having shown a
// member's key, and reports whether there was one.
func (c *connections) dropOldest() bool {
	if len(c.waiting) == 0 {
		return false
	}
	oldest := c.waiting[0]
	delete(c.open, oldest)
	c.forget(oldest)
	closeAtOnce(oldest)
	return true
}

// closeAtOnce closes a connection without the last words of TLS, which may have to wait
// for the other side.
func closeAtOnce(conn net.Conn) {
	if secured, ok := conn.(*tls.Conn); ok {
		conn = secured.NetConn()
	}
	_ = conn.Close()
}

// forget takes a connection from those that wait.
func (c *connections) forget(conn net.Conn) {
	if i := slices.Index(c.waiting, conn); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
}
