package world

import (
	"fmt"
	"net"
	"sync"
)

// ports gives out loopback ports below the range that the kernel takes for
// outgoing connections: one of those could take the port of a sidecar while it
// restarts.
type ports struct {
	mu   sync.Mutex
	last int
}

const (
	lowestPort  = 21000
	highestPort = 32000
)

func (p *ports) next() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; p.last < highestPort; p.last++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.last))
		if err != nil {
			continue
		}
		port := p.last
		p.last++
		return port, l.Close()
	}
	return 0, fmt.Errorf("no free port up to %d", highestPort)
}

func (p *ports) address() (string, error) {
	port, err := p.next()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
