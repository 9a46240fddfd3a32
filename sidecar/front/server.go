package front

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Server serves with the handler, timeouts and logger of an http.Server.
type Server struct {
	http    *http.Server
	fast    *fasthttp.Server
	routes  handlers
	closing atomic.Bool // changes with mu

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[*conn]struct{}
	empty     chan struct{} // closed when closing and without conns
}

// New makes a Server of h, which it takes over. All timeouts of h must be set.
// Paths are those that a POST of is for h's handler at once, without a query. What
// refuse gets is a request whose end can't be told, and the connection ends after
// its answer.
func New(h *http.Server, refuse http.HandlerFunc, paths ...string) *Server {
	s := &Server{http: h, conns: map[*conn]struct{}{}, empty: make(chan struct{})}
	s.routes = newHandlers(h, refuse, paths)
	s.fast = &fasthttp.Server{
		Handler: s.serve, ErrorHandler: s.routes.malformed, ConnState: s.changed,
		ReadBufferSize: h.MaxHeaderBytes, StreamRequestBody: true, DisablePreParseMultipartForm: true,
		// What a head may take, and then what a body may.
		ReadTimeout: h.ReadHeaderTimeout, WriteTimeout: h.WriteTimeout, IdleTimeout: h.IdleTimeout,
		HeaderReceived: func(*fasthttp.RequestHeader) fasthttp.RequestConfig {
			return fasthttp.RequestConfig{ReadTimeout: h.ReadTimeout}
		},
		// The date of its own takes a goroutine that never ends.
		NoDefaultDate: true, NoDefaultServerHeader: true, NoDefaultContentType: true,
		SecureErrorLogMessage: true,
	}
	if h.ErrorLog != nil {
		s.fast.Logger = h.ErrorLog
	}
	return s
}

// serve answers one request.
func (s *Server) serve(ctx *fasthttp.RequestCtx) {
	defer func() {
		if v := recover(); v != nil {
			s.routes.panicked(ctx, v)
		}
	}()
	s.routes.serve(ctx)
	if s.closing.Load() {
		ctx.SetConnectionClose()
	}
}

// Serve takes connections from l until Shutdown or Close. Its error is never
// nil, and http.ErrServerClosed after these.
func (s *Server) Serve(l net.Listener) error {
	if !s.listen(l) {
		return http.ErrServerClosed
	}
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if s.closing.Load() {
			if err == nil {
				_ = nc.Close()
			}
			return http.ErrServerClosed
		}
		if err != nil {
			if pause = nextPause(err, pause); pause == 0 {
				return err
			}
			select {
			case <-time.After(pause):
			case <-s.routes.closing:
			}
			continue
		}
		pause = 0
		c := &conn{Conn: nc, server: s, remote: nc.RemoteAddr().String()}
		if s.add(c) {
			go func() { _ = s.fast.ServeConn(c) }() // its client was told, or has gone
		}
	}
}

// listen reports whether l may be used, and closes it otherwise.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		_ = l.Close()
		return false
	}
	s.listeners = append(s.listeners, l)
	return true
}

// nextPause is how long to wait after an error of a listener, as net/http does;
// 0 if the listener has ended.
func nextPause(err error, last time.Duration) time.Duration {
	const first, longest = 5 * time.Millisecond, time.Second
	var failure net.Error
	if !errors.As(err, &failure) || errors.Is(err, net.ErrClosed) {
		return 0
	}
	return min(max(2*last, first), longest)
}

// Shutdown takes no new requests and waits for those under way until ctx ends;
// its error is that of ctx then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close(func(c *conn) bool { return !c.active.Load() })
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close cuts all connections off.
func (s *Server) Close() error {
	s.close(func(*conn) bool { return true })
	return nil
}

// close ends those of the connections that are asked for.
func (s *Server) close(whether func(*conn) bool) {
	s.mu.Lock()
	if !s.closing.Swap(true) {
		close(s.routes.closing)
		for _, l := range s.listeners {
			_ = l.Close()
		}
		if len(s.conns) == 0 {
			close(s.empty)
		}
	}
	var list []*conn
	for c := range s.conns {
		if whether(c) {
			list = append(list, c)
		}
	}
	s.mu.Unlock()
	for _, c := range list {
		_ = c.Conn.Close() // whoever serves it then closes c
	}
}

// add reports whether the connection may be served, and closes it otherwise.
func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		_ = c.Conn.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.conns[c]; !there {
		return
	}
	delete(s.conns, c)
	if s.closing.Load() && len(s.conns) == 0 {
		close(s.empty)
	}
}

// changed follows whether a connection has a request, and ends one that has none
// any more while the server closes.
func (s *Server) changed(nc net.Conn, state fasthttp.ConnState) {
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	c.active.Store(state == fasthttp.StateActive)
	if state == fasthttp.StateIdle && s.closing.Load() {
		_ = c.Conn.Close()
	}
}
