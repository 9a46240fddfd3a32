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
		Local: o.Buffer, Homes: p.homes, Use: p.use, Peer: p.peer, Observer: p.counts,
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
// have more, or that this is not known.
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

// Leave tells the others that this sidecar is no home any more, and hands the ids of
// events over to the homes that its learners have then. What it gets from its app goes
// to the other homes from then on. It has no peers again after that.
func (p *Peers) Leave(ctx context.Context) {
	p.mu.Lock()
	p.leaving = true
	t := p.term.Load()
	p.mu.Unlock()
	if !t.hasPeers() {
		return
	}
	t.handover.Leaving()
	err := t.roll.SayLeaving(ctx)
	t.door.Stop()
	if err != nil {
		p.o.Log.V(1).Info("The others are not told that this sidecar stops", "error", err.Error())
		return
	}
	_ = t.handover.AwaitLeft(ctx, t.roll.Set) // it goes on
}

// AwaitLeft returns when the ids of events are handed over and, if all that this sidecar
// had is saved, the others know that; as far as they can be reached before ctx ends. What
// they do not have by then they wait for, as after a kill: another process may open the
// spool. Leave comes before. There is nothing to wait for where that could not tell the
// registry, since others are not homes of this sidecar's learners then. Where there was
// nobody to hand over to, the registry is asked whether somebody has come: nobody else
// will tell them.
func (p *Peers) AwaitLeft(ctx context.Context, saved bool) {
	t := p.term.Load()
	if !t.hasPeers() || t.set().Len() == 0 || t.set().Has(p.o.Writer) {
		return
	}
	if t.set().IsAlone() {
		if err := t.roll.SayLeaving(ctx); err != nil {
			p.o.Log.V(1).Info("The registry does not say whether others have come", "error", err.Error())
		}
	}
	err := t.handover.AwaitLeft(ctx, t.roll.Set)
	if err == nil && saved {
		_ = t.handover.AwaitWritten(ctx, t.roll.Set) // else they are behind for a while
	}
	if err != nil {
		p.o.Log.Info("Not all other sidecars know which updates this one has merged. They wait half a minute for the next process on this spool to tell them; one that a client repeats after that may count twice", "error", err.Error())
		return
	}
	t.roll.Left()
}

// BringStraysHome ends the delivery of strays with a last try, and reports whether some
// still wait. Run must have begun.
func (p *Peers) BringStraysHome(ctx context.Context) (left bool, err error) {
	if err := p.delivery.end(ctx); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, lastDelivery)
	defer cancel()
	for p.hasStrays() {
		if err := p.router.DeliverOnce(ctx, p.o.Buffer, p.known); err != nil {
			return true, err
		}
		left := p.hasStrays()
		if !left || p.set().Len() == 0 || !pause(ctx, lastDelivery/20) {
			return left, nil
		}
	}
	return false, nil
}

// KeepStrays makes what still waits for its home this sidecar's own, so that it is
// written before the sidecar stops, and hands their ids over too. BringStraysHome comes
// before.
func (p *Peers) KeepStrays(ctx context.Context) error {
	if _, err := p.o.Buffer.TakeAllStrays(ctx); err != nil {
		return err
	}
	if t := p.term.Load(); t.hasPeers() {
		t.handover.Again()
	}
	return nil
}

// lastDelivery is how long a sidecar that stops tries to bring strays home.
const lastDelivery = 2 * time.Second

func (p *Peers) hasStrays() bool {
	page, _ := p.o.Buffer.Strays(0, 1)
	return len(page) > 0
}

// pause is false if ctx ends before the pause does.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// known is who is home at the moment, false while nobody can tell.
func (p *Peers) known() (route.Homes, bool) { return p.term.Load().known() }

// Status is the document's part on peers.
func (p *Peers) Status() status.Peers {
	p.mu.Lock()
	mode := p.mode
	p.mu.Unlock()
	return p.counts.status(mode, p.set())
}

// use is by what this sidecar merges, nil while it is not known who is home.
func (p *Peers) use() (m route.Merger, end func()) {
	switch t := p.term.Load(); {
	case t == nil:
		return nil, func() {}
	case !t.hasPeers():
		return everyone{}, func() {}
	default:
		return t.use()
	}
}

// everyone is the learners of a sidecar without peers.
type everyone struct{}

func (everyone) Merges(string) bool { return true }

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
