package receiver

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Delay has each answer come so much later than the events are taken.
func (r *Receiver) Delay(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay = d
}

// LoseAnswers cuts connections in place of answers, once for each event: every second time
// the events are taken before that, the other times they are not.
func (r *Receiver) LoseAnswers(lose bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts = lose
}

// Pour makes the next event that is new poison: each request with it is answered with 500
// until Cure.
func (r *Receiver) Pour() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.poison++
}

// Cure lets all events be taken.
func (r *Receiver) Cure() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.poison = 0
	clear(r.poured)
}

// Caught is a request that is held back.
type Caught struct {
	// Came is closed when it has come. Client and Server are the ends of its connection
	// from then on.
	Came           chan struct{}
	Client, Server net.Addr

	released sync.Once
	free     chan struct{}
	taken    bool
}

// Catch holds back the next request until Release: before its events are taken, or with
// taken after that and before it is answered.
func (r *Receiver) Catch(taken bool) *Caught {
	c := &Caught{Came: make(chan struct{}), free: make(chan struct{}), taken: taken}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caught = c
	return c
}

// Release lets go of what was caught, and of what would be.
func (r *Receiver) Release(c *Caught) {
	r.mu.Lock()
	if r.caught == c {
		r.caught = nil
	}
	r.mu.Unlock()
	c.released.Do(func() { close(c.free) })
}

// catch returns what a request is caught by, nil for nothing.
func (r *Receiver) catch(request *http.Request) *Caught {
	r.mu.Lock()
	c := r.caught
	r.caught = nil
	r.mu.Unlock()
	if c == nil {
		return nil
	}
	server, _ := request.Context().Value(http.LocalAddrContextKey).(net.Addr)
	client, err := net.ResolveTCPAddr("tcp", request.RemoteAddr)
	if err != nil || server == nil {
		return nil
	}
	c.Client, c.Server = client, server
	return c
}

// hold waits for Release. It is false if the sender has gone before.
func (c *Caught) hold(ctx context.Context) bool {
	close(c.Came)
	select {
	case <-c.free:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
