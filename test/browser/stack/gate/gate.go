package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Gate is one such place. Its methods may be called from several goroutines.
type Gate struct {
	listener net.Listener
	server   *http.Server
	served   chan error
	proxy    *httputil.ReverseProxy
	pool     *http.Transport

	mu      sync.Mutex
	faults  []*active
	entries map[string][]Entry
}

// maxBody is more than the sidecar takes.
const maxBody = 4 << 20

// Open listens on loopback and leads to the sidecar at target, a host and port.
func Open(target string) (*Gate, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening in front of a sidecar: %w", err)
	}
	g := &Gate{listener: listener, served: make(chan error, 1), entries: map[string][]Entry{}}
	g.pool = &http.Transport{MaxIdleConnsPerHost: 64}
	to := &url.URL{Scheme: "http", Host: target}
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		Transport:     g.pool,
		FlushInterval: -1,
		// A sidecar that is down breaks connections; it has no words for that.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	g.server = &http.Server{Handler: g, ReadHeaderTimeout: time.Minute, ErrorLog: g.proxy.ErrorLog}
	go func() { g.served <- g.server.Serve(listener) }()
	return g, nil
}

// Address that the LMS connects to.
func (g *Gate) Address() string { return g.listener.Addr().String() }

// ServeHTTP passes a request on, or does what the first fault that meets it says.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	user := r.Header.Get(UserHeader)
	entry := Entry{
		At: time.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
		ContentType: r.Header.Get("Content-Type"), Events: events(body),
	}
	fault := g.meet(r)
	if fault != nil {
		entry.Fault = fault.Kind
	}
	keep := g.note(user, entry)
	if fault == nil {
		g.proxy.ServeHTTP(&watcher{ResponseWriter: w, status: keep}, r)
		return
	}
	switch fault.Kind {
	case Answer:
		if fault.RetryAfter != "" {
			w.Header().Set("Retry-After", fault.RetryAfter)
		}
		if fault.Location != "" {
			w.Header().Set("Location", fault.Location)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		keep(fault.Status)
		w.WriteHeader(fault.Status)
		_, _ = fmt.Fprintf(w, `{"title":"Asked for by a test","status":%d,"detail":"a test asked for this answer"}`, fault.Status)
	case Swallow:
		g.proxy.ServeHTTP(&watcher{ResponseWriter: nowhere{header: http.Header{}}, status: keep}, r)
		panic(http.ErrAbortHandler)
	case Hold:
		select {
		case <-fault.lifted:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
		g.proxy.ServeHTTP(&watcher{ResponseWriter: w, status: keep}, r)
	case Delay:
		select {
		case <-time.After(time.Duration(fault.Milliseconds) * time.Millisecond):
		case <-fault.lifted:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
		g.proxy.ServeHTTP(&watcher{ResponseWriter: w, status: keep}, r)
	}
}

// note adds an entry and returns what writes down the status of its answer.
func (g *Gate) note(user string, entry Entry) func(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entries[user] = append(g.entries[user], entry)
	index := len(g.entries[user]) - 1
	return func(status int) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.entries[user][index].Status = status
	}
}

// Entries are the requests for a learner in the order of their arrival.
func (g *Gate) Entries(user string) []Entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Entry{}, g.entries[user]...)
}

// Set adds a fault.
func (g *Gate) Set(f Fault) error {
	switch f.Kind {
	case Answer:
		if f.Status < 300 || f.Status > 599 {
			return errors.New("status must be from 300 to 599")
		}
	case Delay:
		if f.Milliseconds < 1 {
			return errors.New("milliseconds must be 1 or more")
		}
	case Swallow, Hold:
	default:
		return fmt.Errorf("kind must be %s, %s, %s or %s", Answer, Swallow, Hold, Delay)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, &active{Fault: f, left: f.Times, lifted: make(chan struct{})})
	return nil
}

// Lift ends the faults of a learner, and lets go what they hold.
func (g *Gate) Lift(user string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = slices.DeleteFunc(g.faults, func(f *active) bool {
		if f.User != user {
			return false
		}
		close(f.lifted)
		return true
	})
}

func (g *Gate) meet(r *http.Request) *active {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.faults {
		if !f.meets(r) || f.Times > 0 && f.left == 0 {
			continue
		}
		f.left--
		return f
	}
	return nil
}

// Close breaks every connection and stops listening.
func (g *Gate) Close() error {
	err := g.server.Close()
	if served := <-g.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	g.pool.CloseIdleConnections()
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("closing the way to a sidecar: %w", err)
	}
	return nil
}
