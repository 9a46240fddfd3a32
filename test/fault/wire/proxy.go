package wire

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
)

// Proxy passes connections to Postgres on. Its methods may be called from several
// goroutines.
type Proxy struct {
	relay *relay

	mu    sync.Mutex
	armed bool
	cuts  int64
	// refusals is how many connections are still to be cut behind an error.
	refusals int
	// open is closed while bytes may pass.
	open chan struct{}
}

// Start listens on loopback and leads to target, a host and port.
func Start(target string) (*Proxy, error) {
	open := make(chan struct{})
	close(open)
	p := &Proxy{open: open}
	var err error
	p.relay, err = startRelay(target, func(c *pair) { c.both(func() { p.questions(c) }, func() { p.answers(c) }) })
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Address that clients connect to.
func (p *Proxy) Address() string { return p.relay.address() }

// Lead sends new connections to another target. Those that are open stay.
func (p *Proxy) Lead(target string) { p.relay.lead(target) }

// Cut breaks every connection, at both ends.
func (p *Proxy) Cut() { p.relay.cut() }

// Stall lets nothing through until Resume: connections stay open and nobody
// answers.
func (p *Proxy) Stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Resume ends Stall. On a proxy that is not stalled it does nothing.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

// Arm makes the proxy swallow the next answer to a committed write and cut that
// connection.
func (p *Proxy) Arm() { p.arm(true) }

// Disarm takes Arm back if nothing was cut since.
func (p *Proxy) Disarm() { p.arm(false) }

func (p *Proxy) arm(armed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = armed
}

// CutRefusals makes the proxy cut so many connections, each where the server has said
// an error and before it says that it is ready again. 0 ends that.
func (p *Proxy) CutRefusals(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusals = n
}

// Cuts is how many answers to a commit were swallowed.
func (p *Proxy) Cuts() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// Close cuts everything and stops listening.
func (p *Proxy) Close() error { return p.relay.close() }

// pass waits until bytes may pass. It returns false when the pair was cut.
func (p *Proxy) pass(c *pair) bool {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	select {
	case <-open:
		return true
	case <-c.ended:
		return false
	}
}

func (p *Proxy) questions(c *pair) {
	chunk := make([]byte, 32<<10)
	for {
		n, err := c.client.Read(chunk)
		if n > 0 {
			if !p.pass(c) {
				return
			}
			if _, err := c.server.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// A message of the server is a type, a length that counts itself, and content.
const (
	headLength      = 5
	readyForQuery   = 'Z'
	commandComplete = 'C'
	errorResponse   = 'E'
)

// writeStatements is how many statements end in the transaction of a write:
// its timeout is set, and the batch is written. All others are of one.
const writeStatements = 2

// answers passes the server's messages on. While the proxy is armed it holds
// them back up to the end of their transaction.
func (p *Proxy) answers(c *pair) {
	reader := bufio.NewReaderSize(c.server, 32<<10)
	var held []byte
	var ready, failed bool
	statements := 0
	for {
		var head [headLength]byte
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head[1:])
		if length < 4 || length > 1<<30 {
			return // not what a Postgres server says
		}
		start := len(held)
		held = append(held, head[:]...)
		held = append(held, make([]byte, length-4)...)
		if _, err := io.ReadFull(reader, held[start+headLength:]); err != nil {
			return
		}
		switch head[0] {
		case commandComplete:
			statements++
		case errorResponse:
			failed = true
		case readyForQuery:
			if !failed && statements >= writeStatements && p.swallow() {
				return
			}
			if failed && p.cutsRefusal() {
				return
			}
			statements, failed, ready = 0, false, true
		}
		if ready && head[0] != readyForQuery && p.holding() {
			continue
		}
		if !p.pass(c) {
			return
		}
		if _, err := c.client.Write(held); err != nil {
			return
		}
		held = held[:0]
	}
}

func (p *Proxy) holding() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.armed
}

func (p *Proxy) cutsRefusal() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusals == 0 {
		return false
	}
	p.refusals--
	return true
}

func (p *Proxy) swallow() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.armed {
		return false
	}
	p.armed = false
	p.cuts++
	return true
}
