package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/port"
)

// Receiver listens at an address that never changes.
type Receiver struct {
	address string
	serving sync.WaitGroup

	mu       sync.Mutex
	server   *http.Server // nil while it is away
	secrets  []string
	events   map[string]*Event
	requests map[string]string // the ids of events, by that of the request
	findings []error

	delay  time.Duration
	cuts   bool
	cut    map[string]bool // events whose answer was cut
	turn   int             // requests that were
	poison int             // how many of the next new events become poison
	poured map[string]bool // those that are
	caught *Caught
}

// Start listens, and knows no secret yet.
func Start() (*Receiver, error) {
	address, err := port.FreeAddress()
	if err != nil {
		return nil, err
	}
	r := &Receiver{
		address: address, events: map[string]*Event{}, requests: map[string]string{}, cut: map[string]bool{}, poured: map[string]bool{},
	}
	return r, r.Return()
}

// URL that events are sent to.
func (r *Receiver) URL() string { return "http://" + r.address + "/events" }

// Trust says which secrets requests may be signed with.
func (r *Receiver) Trust(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = secrets
}

// Leave cuts all connections, and refuses others until Return.
func (r *Receiver) Leave() error {
	r.mu.Lock()
	server := r.server
	r.server = nil
	r.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	r.serving.Wait()
	if err != nil {
		return fmt.Errorf("taking the receiver away: %w", err)
	}
	return nil
}

// Return takes Leave back.
func (r *Receiver) Return() error {
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		return fmt.Errorf("listening for events: %w", err)
	}
	server := &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	r.mu.Lock()
	r.server = server
	r.mu.Unlock()
	r.serving.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.found(fmt.Errorf("the receiver of events ended: %w", err))
		}
	})
	return nil
}

// Close ends it.
func (r *Receiver) Close() error { return r.Leave() }

// ServeHTTP takes events as long as no fault keeps it from that.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // who sent it is gone
	}
	m, err := parse(request, body)
	if err == nil {
		err = r.genuine(m)
	}
	if err != nil {
		r.found(fmt.Errorf("a request with events: %w", err))
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	caught := r.catch(request)
	if caught != nil && !caught.taken && !caught.hold(request.Context()) {
		return
	}
	status, cut := r.take(m)
	if caught != nil && caught.taken {
		caught.hold(request.Context())
	}
	if cut {
		panic(http.ErrAbortHandler)
	}
	rest(request.Context(), r.pause())
	w.WriteHeader(status)
}

func rest(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (r *Receiver) pause() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.delay
}

func (r *Receiver) found(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	const enough = 10
	if len(r.findings) < enough {
		r.findings = append(r.findings, err)
	}
}

// Findings are what no sender may do.
func (r *Receiver) Findings() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]error(nil), r.findings...)
}
