package door

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

// guests are the connections. They are counted by what became of them: of one that
// ends without a request, TLS has refused the key, or what came was no TLS with a
// certificate.
type guests struct {
	limit   func() int
	refused func(reason string)

	mu       sync.Mutex
	open     map[net.Conn]bool // true once TLS was done
	unproven int               // refused by their keys, and not closed yet
}

// watch is the configuration with a note of the keys that it refuses.
func (g *guests) watch(of *tls.Config) *tls.Config {
	c := of.Clone()
	verify := of.VerifyConnection
	if verify == nil {
		return c
	}
	c.VerifyConnection = func(state tls.ConnectionState) error {
		err := verify(state)
		if err != nil {
			g.mu.Lock()
			g.unproven++
			g.mu.Unlock()
		}
		return err
	}
	return c
}

// changed is told of every connection by http.Server.
func (g *guests) changed(conn net.Conn, state http.ConnState) {
	if reason := g.note(conn, state); reason != "" {
		g.refused(reason)
	}
}

// note returns why a connection is refused, "" if it is not.
func (g *guests) note(conn net.Conn, state http.ConnState) (refused string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(g.open) >= g.limit() {
			_ = conn.Close()
			return wire.RefusedConnections
		}
		if g.open == nil {
			g.open = map[net.Conn]bool{}
		}
		g.open[conn] = false
	case http.StateActive, http.StateIdle:
		if _, counted := g.open[conn]; counted {
			g.open[conn] = true
		}
	case http.StateClosed, http.StateHijacked:
		proven, counted := g.open[conn]
		delete(g.open, conn)
		switch {
		case !counted || proven:
		case g.unproven > 0:
			g.unproven--
			return wire.RefusedUnregistered
		default:
			return wire.RefusedHandshake
		}
	}
	return ""
}
