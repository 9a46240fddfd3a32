package hop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

var (
	errLeft = errors.New("it is no member any more, or this sidecar stops")
	errBusy = errors.New("as many requests as it takes are under way")
	// errEnded is for one that stops, or was restarted, at this moment.
	errEnded = errors.New("the connection to the sidecar ended before it was used")
)

// connects is how often a caller connects, where the peer is another process by the
// time that the connection to it is there.
const connects = 2

// connection is the one to a peer, opened when it is needed.
type connection struct {
	o       *Options
	workers *workers
	id      string        // of the peer
	turn    chan struct{} // taken while one caller connects
	state   struct {
		sync.Mutex
		peer  Peer
		conn  *http.ClientConn // nil for none
		of    Peer             // whose connection conn is
		reads reads            // what who is at the other end of conn reads
		left  bool
	}
}

func newConnection(o *Options, workers *workers, peer Peer) *connection {
	c := &connection{o: o, workers: workers, id: peer.ID, turn: make(chan struct{}, 1)}
	c.state.peer = peer
	return c
}

// reserve returns the connection, on which the next request has its place. spare is
// how many places are left to others. Its errors are that of ctx, errLeft, errBusy,
// errEnded, or why there is no connection.
func (c *connection) reserve(ctx context.Context, spare int) (*http.ClientConn, error) {
	if conn, err := c.current(spare); conn != nil || err != nil {
		return conn, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Times.Connect)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.turn }()
	for range connects {
		if conn, err := c.current(spare); conn != nil || err != nil {
			return conn, err
		}
		c.state.Lock()
		peer := c.state.peer
		c.state.Unlock()
		conn, reads, err := c.connect(ctx, peer)
		if err != nil {
			return nil, err
		}
		c.replace(conn, peer, reads)
	}
	conn, err := c.current(spare)
	if conn == nil && err == nil {
		err = errEnded
	}
	return conn, err
}

// current is nil if a connection has to be opened.
func (c *connection) current(spare int) (*http.ClientConn, error) {
	c.state.Lock()
	defer c.state.Unlock()
	s := &c.state
	switch {
	case s.left:
		return nil, errLeft
	case s.conn == nil || s.of != s.peer || s.conn.Err() != nil:
		return nil, nil //nolint:nilnil // there is none, which is no error
	case s.conn.Available() <= spare && s.conn.InFlight()+spare >= wire.MaxStreams:
		return nil, errBusy
	case s.conn.Reserve() != nil:
		return nil, nil //nolint:nilnil // the peer is about to close it
	}
	return s.conn, nil
}

// connect opens a connection, and returns what the peer reads.
func (c *connection) connect(ctx context.Context, peer Peer) (conn *http.ClientConn, r reads, err error) {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	t := c.o.Times
	transport := &http.Transport{
		TLSClientConfig:        c.o.TLS(peer).Clone(), // which the Transport changes
		Protocols:              &protocols,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: t.QuietPing, PingTimeout: t.QuietPong, WriteByteTimeout: t.QuietPong},
		IdleConnTimeout:        t.Idle,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if conn, err = transport.NewClientConn(ctx, "https", peer.Address); err != nil {
		return nil, reads{}, fmt.Errorf("connecting to a sidecar: %w", err)
	}
	if r, err = hello(ctx, conn); err != nil {
		_ = conn.Close()
		return nil, reads{}, fmt.Errorf("greeting a sidecar: %w", err)
	}
	return conn, r, nil
}

// readsAt is what who is at the other end of conn reads. Of a connection that another one
// has replaced it is nothing.
func (c *connection) readsAt(conn *http.ClientConn) reads {
	c.state.Lock()
	defer c.state.Unlock()
	if c.state.conn != conn {
		return reads{}
	}
	return c.state.reads
}

// follow changes where the peer is reached. Requests under way go on.
func (c *connection) follow(peer Peer) {
	c.state.Lock()
	c.state.peer = peer
	c.state.Unlock()
}

// replace makes conn the connection, and lets the one before end.
func (c *connection) replace(conn *http.ClientConn, of Peer, r reads) {
	c.state.Lock()
	ending := c.state.conn
	if c.state.left {
		ending = conn // there is none before: leave has ended it
	} else {
		c.state.conn, c.state.of, c.state.reads = conn, of, r
	}
	c.state.Unlock()
	if ending != nil {
		c.end(ending)
	}
}

// leave refuses further requests. Those under way have a while to end.
func (c *connection) leave() {
	c.state.Lock()
	ending := c.state.conn
	c.state.left, c.state.conn = true, nil
	c.state.Unlock()
	if ending != nil {
		c.end(ending)
	}
}

// end closes a connection once its requests have ended, or their time has.
func (c *connection) end(conn *http.ClientConn) {
	unused := make(chan struct{}, 1)
	conn.SetStateHook(func(conn *http.ClientConn) {
		if conn.InFlight() == 0 {
			select {
			case unused <- struct{}{}:
			default:
			}
		}
	})
	if conn.InFlight() == 0 || conn.Err() != nil || !c.workers.start(func(ctx context.Context) {
		late := time.NewTimer(c.o.Times.Leave)
		defer late.Stop()
		select {
		case <-unused:
		case <-late.C:
		case <-ctx.Done():
		}
		_ = conn.Close()
	}) {
		_ = conn.Close()
	}
}
