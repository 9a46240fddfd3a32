package wire

import "sync"

// Catch waits for a batch that is sent to one sidecar, and holds back its answer.
type Catch struct {
	// Batch is closed when a batch has been passed on to the sidecar, Answer when its
	// answer is there and held back.
	Batch, Answer  chan struct{}
	sent, answered sync.Once
	network        *Network
	to             string
}

// Catch holds back the answers to batches that are sent to a sidecar from this moment
// on, until Release. One that comes later for the same sidecar takes the place of this.
func (n *Network) Catch(to string) *Catch {
	c := &Catch{Batch: make(chan struct{}), Answer: make(chan struct{}), network: n, to: to}
	n.change(func() { n.catch[to] = c })
	return c
}

// Release passes on what is held back.
func (c *Catch) Release() {
	n := c.network
	n.change(func() {
		if n.catch[c.to] == c {
			delete(n.catch, c.to)
		}
	})
}
