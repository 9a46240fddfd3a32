package front

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// Server serves like the http.Server in it, with its handler, timeouts and
// logger.
type Server struct {
	http    *http.Server
	plain   http.Handler
	routes  []route
	closing atomic.Bool
	date    date

	exchanges sync.Pool

	mu    sync.Mutex
	conns map[*conn]struct{}
	empty chan struct{} // closed when closing and without conns
}

// New makes a Server of h, which it takes over. All timeouts of h must be set.
// Paths are those that a POST of is plain, without a query. What refuse gets is a
// request whose end can't be told, and the connection ends after its answer.
func New(h *http.Server, refuse http.HandlerFunc, paths ...string) *Server {
	s := &Server{http: h, plain: h.Handler, conns: map[*conn]struct{}{}, empty: make(chan struct{})}
	h.Handler, h.ConnContext = guard(h.Handler, refuse), withConn
	for _, path := range paths {
		s.routes = append(s.routes, route{line: "POST " + path + " HTTP/1.1\r\n", path: path})
	}
	return s
}

// Serve takes connections from l until Shutdown or Close. Its error is never
// nil, and http.ErrServerClosed after these.
func (s *Server) Serve(l net.Listener) error {
	rest := newHandover(l)
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		s.accept(l, rest)
	}()
	err := s.http.Serve(rest)
	_ = rest.Close()
	<-accepting
	return err
}

func (s *Server) accept(l net.Listener, rest *handover) {
	for {
		nc, err := l.Accept()
		if err != nil {
			// net/http ends for it, or waits before it asks for the next.
			if !rest.pass(accepted{err: err}) || errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		c := &conn{Conn: nc, server: s, rest: rest}
		if !s.add(c) {
			_ = nc.Close()
			continue
		}
		go c.serve()
	}
}

// Shutdown takes no new requests and waits for those under way until ctx ends;
// its error is that of ctx then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.close((*conn).closeIdle)
	if err := s.http.Shutdown(ctx); err != nil {
		return err
	}
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close cuts all connections off.
func (s *Server) Close() error {
	s.close(func(c *conn) { _ = c.Close() })
	return s.http.Close()
}

func (s *Server) close(each func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing.Swap(true) && len(s.conns) == 0 {
		close(s.empty)
	}
	for c := range s.conns {
		each(c)
	}
}

// add reports whether the connection may be served; remove must follow then.
func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if s.closing.Load() && len(s.conns) == 0 {
		close(s.empty)
	}
}
