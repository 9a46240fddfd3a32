package hop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

var (
	errLeft = errors.New("it is no member any more, or this sidecar stops")
	errBusy = errors.New("as many requests as it takes are under way")
)

// connection is the one to a peer, opened when it is needed.
type connection struct {
	o     *Options
	crew  *crew
	turn  chan struct{} // taken while one caller connects
	state struct {
		sync.Mutex
		peer Peer
		conn *http.ClientConn // nil for none
		of   Peer             // whose connection conn is
		left bool
	}
}

func newConnection(o *Options, crew *crew, peer Peer) *connection {
	c := &connection{o: o, crew: crew, turn: make(chan struct{}, 1)}
	c.state.peer = peer
	return c
}

// reserve returns the connection, on which the next request has its place. spare is
// how many places are left to others. Its errors are that of ctx, errLeft, errBusy,
// or why there is no connection.
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
	if conn, err := c.current(spare); conn != nil || err != nil {
		return conn, err
	}
	c.state.Lock()
	peer := c.state.peer
	c.state.Unlock()
	conn, err := c.connect(ctx, peer)
	if err != nil {
		return nil, err
	}
	c.replace(conn, peer)
	return c.current(spare)
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

func (c *connection) connect(ctx context.Context, peer Peer) (*http.ClientConn, error) {
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
	conn, err := transport.NewClientConn(ctx, "https", peer.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to a sidecar: %w", err)
	}
	if err := hello(ctx, conn); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("greeting a sidecar: %w", err)
	}
	return conn, nil
}

// hello returns when the peer has taken the certificate.
func hello(ctx context.Context, conn *http.ClientConn) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+authority+wire.HelloPath, http.NoBody)
	if err != nil {
		return err
	}
	identify(r.Header)
	answer, err := conn.RoundTrip(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if reason := answer.Header.Get(wire.RefusedHeader); reason != "" {
		return &refusal{reason}
	}
	if answer.StatusCode != http.StatusNoContent || answer.Header.Get(wire.VersionHeader) != strconv.Itoa(wire.Version) {
		return errors.New("what answers is no sidecar of this version")
	}
	return nil
}

// watch closes a connection that shows no sign of life while a batch is under way on
// it. The returned function ends that.
func (c *connection) watch(conn *http.ClientConn) (done func()) {
	over := make(chan struct{})
	t := c.o.Times
	first := time.AfterFunc(t.Ping, func() {
		c.crew.start(func(ctx context.Context) {
			for {
				if isSilent(ctx, conn, t.Pong) {
					_ = conn.Close()
					return
				}
				select {
				case <-time.After(t.Ping):
				case <-over:
					return
				case <-ctx.Done():
					return
				}
			}
		})
	})
	return func() {
		first.Stop()
		close(over)
	}
}

// isSilent reports whether a connection does not answer in time. Any answer is a sign
// of life.
func isSilent(ctx context.Context, conn *http.ClientConn, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Is(hello(ctx, conn), context.DeadlineExceeded)
}

// authority is what requests call the peer, whose certificate has no name.
const authority = "peer"

// identify writes the headers that every request to a peer has.
func identify(h http.Header) {
	h.Set(wire.VersionHeader, strconv.Itoa(wire.Version))
	h.Set(wire.HopsHeader, "1")
	h.Set("User-Agent", "progress-sync")
}

// follow changes where the peer is reached. Requests under way go on.
func (c *connection) follow(peer Peer) {
	c.state.Lock()
	c.state.peer = peer
	c.state.Unlock()
}

// replace makes conn the connection, and lets the one before end.
func (c *connection) replace(conn *http.ClientConn, of Peer) {
	c.state.Lock()
	ending := c.state.conn
	if c.state.left {
		ending = conn // there is none before: leave has ended it
	} else {
		c.state.conn, c.state.of = conn, of
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
	if conn.InFlight() == 0 || conn.Err() != nil || !c.crew.start(func(ctx context.Context) {
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
