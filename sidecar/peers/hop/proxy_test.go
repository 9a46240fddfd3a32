package hop_test

import (
	"net"
	"sync"
	"testing"
)

// proxy is the network between two sidecars.
type proxy struct {
	address string

	mu            sync.Mutex
	target        string
	conns         map[net.Conn]bool // true for one of which all is lost
	swallowsThere bool              // what a client sends is lost
	swallowsBack  bool              // what a server sends is lost
	refuses       int               // how many connections from here on are closed at once
	opened        int
	onBack        func(n int) // called with the n-th part that a server sends
	parts         int
	working       sync.WaitGroup
}

func startProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String(), target: target, conns: map[net.Conn]bool{}}
	p.working.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.accept(client)
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.working.Wait()
	})
	return p
}

func (p *proxy) accept(client net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	server, err := net.Dial("tcp", p.target)
	if err != nil || p.refuses > 0 {
		p.refuses--
		_ = client.Close()
		if err == nil {
			_ = server.Close()
		}
		return
	}
	p.conns[client], p.conns[server] = false, false
	p.working.Go(func() { p.carry(server, client, &p.swallowsThere) })
	p.working.Go(func() { p.carry(client, server, &p.swallowsBack) })
}

func (p *proxy) carry(to, from net.Conn, swallows *bool) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		_, _ = to.Close(), from.Close()
		delete(p.conns, to)
		delete(p.conns, from)
	}()
	part := make([]byte, 64<<10)
	for {
		n, err := from.Read(part)
		p.mu.Lock()
		lost := *swallows || p.conns[from]
		if p.onBack != nil && swallows == &p.swallowsBack {
			p.parts++
			p.onBack(p.parts)
		}
		p.mu.Unlock()
		if !lost {
			if _, err := to.Write(part[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// set changes the network.
func (p *proxy) set(change func(*proxy)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *proxy) to(target string) { p.set(func(p *proxy) { p.target = target }) }

// silence loses all that comes on the connections that there are.
func (p *proxy) silence() {
	p.set(func(p *proxy) {
		for conn := range p.conns {
			p.conns[conn] = true
		}
	})
}

// cut ends all connections.
func (p *proxy) cut() {
	p.set(func(p *proxy) {
		for conn := range p.conns {
			_ = conn.Close()
		}
	})
}

func (p *proxy) count() (n int) {
	p.set(func(p *proxy) { n = p.opened })
	return n
}
