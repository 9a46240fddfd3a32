package peers

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
)

// greetings is how many peers are greeted at the same time.
const greetings = 16

// greeter makes this sidecar known to its peers before their next call of the
// registry: one that does not know the key of a greeting asks the registry at once. It
// belongs to one goroutine.
type greeter struct {
	hello   func(ctx context.Context, id string)
	known   map[string]hop.Peer // by ID
	room    *semaphore.Weighted
	greeted sync.WaitGroup
}

func newGreeter(hello func(ctx context.Context, id string)) *greeter {
	return &greeter{hello: hello, room: semaphore.NewWeighted(greetings)}
}

// follow greets those of the peers that were none at the last call, or are there as
// another process or at another address. It does not wait for them.
func (g *greeter) follow(ctx context.Context, peers []hop.Peer) {
	known := make(map[string]hop.Peer, len(peers))
	for _, p := range peers {
		if known[p.ID] = p; g.known[p.ID] != p {
			g.greeted.Go(func() { g.greet(ctx, p.ID) })
		}
	}
	g.known = known
}

func (g *greeter) greet(ctx context.Context, id string) {
	if g.room.Acquire(ctx, 1) == nil {
		defer g.room.Release(1)
		g.hello(ctx, id)
	}
}

// wait returns when nobody is being greeted.
func (g *greeter) wait() { g.greeted.Wait() }

// hello greets a peer. If that fails, the peer learns of this sidecar by its next call
// of the registry.
func (t *term) hello(ctx context.Context, id string) {
	if link := t.links.To(id); link != nil {
		_ = link.Greet(ctx)
	}
}
