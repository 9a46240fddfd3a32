package load

import (
	"context"
	"sync"
)

// pool are the connections to one pod. Each is opened for a request, since a server
// closes one that brings none, and used again for others.
type pool struct {
	address string

	mu   sync.Mutex
	idle []*connection
}

// pools are those of the pods of a service.
func (s Service) pools() []*pool {
	all := make([]*pool, len(s.pods))
	for i, address := range s.pods {
		all[i] = &pool{address: address}
	}
	return all
}

// take returns a connection that nobody uses. put takes it back.
func (p *pool) take(ctx context.Context) (*connection, error) {
	if c := p.unused(); c != nil {
		return c, nil
	}
	return dial(ctx, p.address)
}

// unused is the connection that was used last of those that nobody uses, nil for none.
func (p *pool) unused() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c
}

func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
}

// close closes the connections that nobody uses.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.close()
	}
}
