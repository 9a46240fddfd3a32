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
// Paths are those that a POST or a PUT of is plain, with whatever query; one that ends in a
// slash makes a PUT of what is below it plain.
func New(h *http.Server, refuser Refuser, paths ...string) *Server {
	s := &Server{http: h, conns: map[*conn]struct{}{}, empty: make(chan struct{})}
	s.routes = newHandlers(h, refuser, paths)
	s.fast = &fasthttp.Server{
		Handler: s.serve, ExpectHandler: s.expect, ErrorHandler: s.routes.malformed, ConnState: changed,
		ReadBufferSize: h.MaxHeaderBytes, DisablePreParseMultipartForm: true,
		// fasthttp waits for so much of a body before it calls the handler, 1 being the
		// least: what stops to come after that is the handler's to refuse and to count.
		StreamRequestBody: true, MaxRequestBodySize: 1,
		// An idle connection keeps no memory but the buffer that it reads into, and an
		// answer is sent before the next request is read.
		ReduceMemoryUsage: true,
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

// serve answers one request. One that a connection brings after Shutdown has ended
// it would get no answer.
func (s *Server) serve(ctx *fasthttp.RequestCtx) {
	defer s.routes.survive(ctx)
	if c, ok := ctx.Conn().(*conn); ok && c.phase.Load() == ended {
		drop(ctx)
		return
	}
	s.routes.serve(ctx)
	if s.closing.Load() {
		ctx.SetConnectionClose()
	}
}

// expect says whether the body of a request may be sent.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	defer s.routes.survive(ctx)
	return s.routes.expect(ctx)
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
	s.close((*conn).endIdle)
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close cuts all connections off.
func (s *Server) Close() error {
	s.close((*conn).cut)
	return nil
}

// close takes no more connections, and ends those that there are.
func (s *Server) close(end func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing.Swap(true) {
		close(s.routes.closing)
		for _, l := range s.listeners {
			_ = l.Close()
		}
		if len(s.conns) == 0 {
			close(s.empty)
		}
	}
	for c := range s.conns {
		end(c)
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

// changed tells a connection of its state.
func changed(nc net.Conn, state fasthttp.ConnState) {
	if c, ok := nc.(*conn); ok {
		c.change(state)
	}
}
