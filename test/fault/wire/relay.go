package wire

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

// relay takes connections at a loopback address that never changes, and opens one to
// the target of that moment for each.
type relay struct {
	listener net.Listener
	// handle passes the bytes of a pair on, until the pair has ended.
	handle func(*pair)
	wg     sync.WaitGroup

	mu     sync.Mutex
	target string
	pairs  map[*pair]struct{}
	closed bool
}

// pair is one connection of a client and its continuation.
type pair struct {
	client, server net.Conn
	ended          chan struct{}
	once           sync.Once
}

func (p *pair) cut() {
	p.once.Do(func() {
		close(p.ended)
		// One of them may be closed already.
		_ = errors.Join(p.client.Close(), p.server.Close())
	})
}

// both runs the two directions of a pair and returns when both have ended.
func (p *pair) both(questions, answers func()) {
	var both sync.WaitGroup
	both.Go(func() { defer p.cut(); questions() })
	both.Go(func() { defer p.cut(); answers() })
	both.Wait()
}

func startRelay(target string, handle func(*pair)) (*relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening on the line: %w", err)
	}
	r := &relay{listener: listener, handle: handle, target: target, pairs: map[*pair]struct{}{}}
	r.wg.Go(r.accept)
	return r, nil
}

func (r *relay) address() string { return r.listener.Addr().String() }

// lead sends new connections to another target. Those that are open stay.
func (r *relay) lead(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
}

// cut breaks every connection, at both ends.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pair := range r.pairs {
		pair.cut()
	}
}

// close cuts everything and stops listening.
func (r *relay) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	err := r.listener.Close()
	r.cut()
	r.wg.Wait()
	return err
}

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		target := r.target
		r.mu.Unlock()
		r.wg.Go(func() { r.serve(client, target) })
	}
}

func (r *relay) serve(client net.Conn, target string) {
	server, err := net.Dial("tcp", target)
	if err != nil {
		_ = client.Close()
		return
	}
	p := &pair{client: client, server: server, ended: make(chan struct{})}
	r.mu.Lock()
	if r.closed {
		p.cut()
	}
	r.pairs[p] = struct{}{}
	r.mu.Unlock()
	r.handle(p)
	r.mu.Lock()
	delete(r.pairs, p)
	r.mu.Unlock()
}
