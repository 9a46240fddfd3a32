package wire

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// Network is the lines between sidecars. Each of them is called at an address of the
// network's, and what is sent there can be lost by who sends it to whom. Methods may
// be called from several goroutines.
type Network struct {
	// caller names the sidecar that has opened a connection, empty for one that is not
	// known.
	caller func(client, server net.Addr) string

	mu    sync.Mutex
	lines map[string]*relay // by the sidecar that is called
	open  map[*pair]direction
	lost  map[direction]struct{}
	catch map[string]*Catch
	// changed is closed when lost or catch changes.
	changed chan struct{}
	batches int64
}

// direction is who sends to whom; an empty name is anybody.
type direction struct{ from, to string }

// NewNetwork has no lines. caller is told the two addresses of a connection, as the
// one who opened it has them.
func NewNetwork(caller func(client, server net.Addr) string) *Network {
	return &Network{
		caller: caller, lines: map[string]*relay{}, open: map[*pair]direction{},
		lost: map[direction]struct{}{}, catch: map[string]*Catch{}, changed: make(chan struct{}),
	}
}

// Join makes a line to a sidecar that listens at an address, and returns the address
// to call it at.
func (n *Network) Join(name, listens string) (string, error) {
	line, err := startRelay(listens, func(c *pair) { n.handle(c, name) })
	if err != nil {
		return "", err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines[name] = line
	return line.address(), nil
}

// Lose lets nothing pass from one sidecar to another until Restore: it waits on
// connections that stay open. An empty name is anybody.
func (n *Network) Lose(from, to string) {
	n.change(func() { n.lost[direction{from, to}] = struct{}{} })
}

// Restore takes Lose back. What waits arrives late, where the connection is still
// open.
func (n *Network) Restore(from, to string) {
	n.change(func() { delete(n.lost, direction{from, to}) })
}

func (n *Network) change(do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	do()
	close(n.changed)
	n.changed = make(chan struct{})
}

// Cut breaks the connections between two sidecars, whoever has opened them. An empty
// name is anybody.
func (n *Network) Cut(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	is := func(name, of string) bool { return of == "" || name == of }
	for c, d := range n.open {
		if is(d.from, a) && is(d.to, b) || is(d.from, b) && is(d.to, a) {
			c.cut()
		}
	}
}

// Batches is how many batches were passed on.
func (n *Network) Batches() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.batches
}

// Close cuts everything and stops listening.
func (n *Network) Close() error {
	n.mu.Lock()
	lines := n.lines
	n.mu.Unlock()
	var errs []error
	for name, line := range lines {
		if err := line.close(); err != nil {
			errs = append(errs, fmt.Errorf("closing the line to %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (n *Network) handle(c *pair, to string) {
	d := direction{n.caller(c.client.RemoteAddr(), c.client.LocalAddr()), to}
	n.mu.Lock()
	n.open[c] = d
	n.mu.Unlock()
	var caught atomic.Pointer[Catch]
	c.both(func() { n.questions(c, d, &caught) }, func() { n.answers(c, d, &caught) })
	n.mu.Lock()
	delete(n.open, c)
	n.mu.Unlock()
}

// Sizes by which TLS and HTTP/2 tell a batch and its answer from what they say
// themselves and from reads, in bytes.
const (
	leastBatch  = 512
	leastAnswer = 60
)

func (n *Network) questions(c *pair, d direction, caught *atomic.Pointer[Catch]) {
	n.copy(c.client, c.server, func(int) bool { return n.pass(c, d, nil) }, func(size int) {
		if size < leastBatch {
			return
		}
		n.mu.Lock()
		n.batches++
		catch := n.catch[d.to]
		n.mu.Unlock()
		if catch != nil {
			caught.Store(catch)
			catch.sent.Do(func() { close(catch.Batch) })
		}
	})
}

func (n *Network) answers(c *pair, d direction, caught *atomic.Pointer[Catch]) {
	n.copy(c.server, c.client, func(size int) bool {
		catch := caught.Load()
		if catch != nil && size >= leastAnswer {
			catch.answered.Do(func() { close(catch.Answer) })
		}
		return n.pass(c, direction{d.to, d.from}, catch)
	}, func(int) {})
}

// copy passes on what is read as long as pass says so.
func (n *Network) copy(from, to net.Conn, pass func(size int) bool, passed func(size int)) {
	chunk := make([]byte, 32<<10)
	for {
		size, err := from.Read(chunk)
		if size > 0 {
			if !pass(size) {
				return
			}
			if _, err := to.Write(chunk[:size]); err != nil {
				return
			}
			passed(size)
		}
		if err != nil {
			return
		}
	}
}

// pass waits until bytes may pass. It returns false when the pair was cut.
func (n *Network) pass(c *pair, d direction, catch *Catch) bool {
	for {
		n.mu.Lock()
		held := catch != nil && n.catch[d.from] == catch
		for _, lost := range []direction{d, {d.from, ""}, {"", d.to}} {
			_, is := n.lost[lost]
			held = held || is
		}
		changed := n.changed
		n.mu.Unlock()
		if !held {
			select {
			case <-c.ended:
				return false
			default:
				return true
			}
		}
		select {
		case <-changed:
		case <-c.ended:
			return false
		}
	}
}
