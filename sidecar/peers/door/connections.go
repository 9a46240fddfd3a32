package door

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// connections are those that are open. They are counted by what became of them: of one
// that ends without a request, TLS has refused the key, or what came was no TLS with a
// certificate.
type connections struct {
	limit   func() int
	refused func(reason string)

	mu       sync.Mutex
	open     map[net.Conn]bool // true once TLS was done
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

// note returns why a connection is refused, "" if it is not.
func (c *connections) note(conn net.Conn, state http.ConnState) (refused string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.open) >= c.limit() {
			_ = conn.Close()
			return wire.RefusedConnections
		}
		if c.open == nil {
			c.open = map[net.Conn]bool{}
		}
		c.open[conn] = false
	case http.StateActive, http.StateIdle:
		if _, counted := c.open[conn]; counted {
			c.open[conn] = true
		}
	case http.StateClosed, http.StateHijacked:
		proven, counted := c.open[conn]
		delete(c.open, conn)
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
