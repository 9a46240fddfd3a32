package peers

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/forward"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Peers is the sidecar's place among the others. It is the way to a buffer for ingest.
type Peers struct {
	o         Options
	router    *route.Router
	forwarder *forward.Forwarder
	counts    *counts
	// began is when the process did, more or less.
	began time.Time
	// retry is the pause between two tries to get the port.
	retry time.Duration
	// term is the current one: nil while it is not known whether there are others, and
	// alone while there are none.
	term atomic.Pointer[term]
	// delivery brings strays to their homes.
	delivery *delivery

	mu      sync.Mutex
	mode    config.PeersMode
	leaving bool
	changed chan struct{} // closed when mode changes
}

// New makes a Peers without others; Run looks for them.
func New(o Options, mode config.PeersMode) *Peers {
	p := &Peers{
		o: o, began: time.Now(), counts: newCounts(), retry: listenPause, delivery: newDelivery(), mode: mode, changed: make(chan struct{}),
		forwarder: forward.New(forward.Options{Log: o.Handler}),
	}
	if mode == config.PeersOff || !o.Address.IsValid() {
		p.term.Store(alone())
	}
	p.router = route.New(route.Options{
		Local: o.Buffer, Homes: p.homes, Peer: p.peer, Observer: p.counts,
	})
	return p
}

// SetMode takes effect at once, unless the sidecar is leaving.
func (p *Peers) SetMode(mode config.PeersMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if mode != p.mode && !p.leaving {
		p.mode = mode
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// Put is that of the buffer, for updates of any learner.
func (p *Peers) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	p.awaitHomes(ctx)
	return p.router.Put(ctx, updates)
}

// Reset is that of the buffer, for keys of any learner.
func (p *Peers) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	p.awaitHomes(ctx)
	return p.router.Reset(ctx, keys)
}

// Forward hands a learner's request, which came from no other sidecar, on to their home,
// and answers w with what the home answers. It reports false, and has written nothing,
// where this sidecar has to answer; missed says that another one should have, or may
// have more.
func (p *Peers) Forward(w http.ResponseWriter, r *http.Request, userID, userHeader string) (answered, missed bool) {
	t := p.term.Load()
	home, self := t.set().Home(userID)
	if self {
		return false, p.MayBeBehind(userID)
	}
	link := t.links.To(home.Writer.String())
	if link == nil || p.forwarder.Forward(w, r, link, userHeader) != nil {
		return false, true
	}
	return true, false
}

// Leave tells the others that this sidecar is no home any more. What it gets from
// its app goes to the other homes from then on. It has no peers again after that.
func (p *Peers) Leave(ctx context.Context) {
	p.mu.Lock()
	p.leaving = true
	t := p.term.Load()
	p.mu.Unlock()
	if !t.hasPeers() {
		return
	}
	if err := t.roll.SayLeaving(ctx); err != nil {
		p.o.Log.V(1).Info("The others are not told that this sidecar stops", "error", err.Error())
	}
	t.door.Stop()
}

// KeepStrays makes what still waits for its home this sidecar's own, so that it is
// written before the sidecar stops. Run must have begun.
func (p *Peers) KeepStrays(ctx context.Context) error {
	if err := p.delivery.end(ctx); err != nil {
		return err
	}
	_, err := p.o.Buffer.TakeAllStrays(ctx)
	return err
}

// Status is the document's part on peers.
func (p *Peers) Status() status.Peers {
	p.mu.Lock()
	mode := p.mode
	p.mu.Unlock()
	return p.counts.status(mode, p.set())
}

// set is who there is.
func (p *Peers) set() members.Set { return p.term.Load().set() }

func (p *Peers) peer(writer uuid.UUID) route.Peer {
	if t := p.term.Load(); t.hasPeers() {
		if l := t.links.To(writer.String()); l != nil {
			return l
		}
	}
	return nil
}
