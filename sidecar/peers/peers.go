package peers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/forward"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// Buffer is this sidecar's own; *buffer.Buffer is one.
type Buffer interface {
	route.Local
	route.Keeper
	PutFrom(ctx context.Context, sender buffer.SenderID, number uint64, items []buffer.Item) ([]buffer.Result, error)
	TakeAllStrays(ctx context.Context) (left int, err error)
	// MakeDueWhere makes what is pending of some learners due.
	MakeDueWhere(match func(userID string) bool, within time.Duration) (records int)
}

// Options are what a Peers works with.
type Options struct {
	Buffer   Buffer
	Registry roll.Registry
	// Writer is the id of the sidecar's spool.
	Writer uuid.UUID
	// Address is where the sidecar listens for others; without one it has no peers.
	Address netip.AddrPort
	// Target names the table that the sidecar writes, now.
	Target func() string
	// Accepted counts what others handed on: updates that are on disk, and how many of
	// them were merged into a record that was there; and Repeated those that were
	// accepted before.
	Accepted func(updates, merged int)
	Repeated func(updates int)
	// BytesInFlight bounds what is taken from others at once, in bytes.
	BytesInFlight int64
	Log           logr.Logger
	// Handler is for what net/http logs.
	Handler slog.Handler
}

// Peers is the sidecar's place among the others. It is the way to a buffer for ingest.
type Peers struct {
	o         Options
	router    *route.Router
	forwarder *forward.Forwarder
	counts    *counts
	// term is the current one, nil while the sidecar has no peers.
	term atomic.Pointer[term]

	mu      sync.Mutex
	mode    config.PeersMode
	changed chan struct{} // closed when mode changes
}

// New makes a Peers without others; Run looks for them.
func New(o Options, mode config.PeersMode) *Peers {
	p := &Peers{o: o, counts: newCounts(), mode: mode, changed: make(chan struct{})}
	p.forwarder = forward.New(forward.Options{Log: o.Handler})
	p.router = route.New(route.Options{
		Local: o.Buffer, Homes: func() route.Homes { return p.set() }, Peer: p.peer, Observer: p.counts,
	})
	return p
}

// SetMode takes effect at once.
func (p *Peers) SetMode(mode config.PeersMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if mode != p.mode {
		p.mode = mode
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

func (p *Peers) inMode() (config.PeersMode, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.changed
}

// Put is that of the buffer, for updates of any learner.
func (p *Peers) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	return p.router.Put(ctx, updates)
}

// Reset is that of the buffer, for keys of any learner.
func (p *Peers) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	return p.router.Reset(ctx, keys)
}

// set is who there is.
func (p *Peers) set() members.Set {
	if t := p.term.Load(); t != nil {
		return t.roll.Set()
	}
	return members.Set{}
}

func (p *Peers) peer(writer uuid.UUID) route.Peer {
	if t := p.term.Load(); t != nil {
		if l := t.links.To(writer.String()); l != nil {
			return l
		}
	}
	return nil
}

// Forward hands a learner's request, which came from no other sidecar, on to their home,
// and answers w with what the home answers. It reports false, and has written nothing,
// where this sidecar has to answer; missed says that another one should have.
func (p *Peers) Forward(w http.ResponseWriter, r *http.Request, userID, userHeader string) (answered, missed bool) {
	home, self := p.set().Home(userID)
	t := p.term.Load()
	if self || t == nil {
		return false, false
	}
	link := t.links.To(home.Writer.String())
	if link == nil || p.forwarder.Forward(w, r, link, userHeader) != nil {
		return false, true
	}
	return true, false
}

// Run has peers while the mode is Auto, until ctx ends. api answers requests that
// others hand on. An error is one of the disk.
func (p *Peers) Run(ctx context.Context, api http.Handler) error {
	for ctx.Err() == nil {
		mode, changed := p.inMode()
		if mode == config.PeersAuto && p.o.Address.IsValid() {
			p.counts.setMode(mode)
			if err := p.serve(ctx, changed, api); err != nil {
				return err
			}
			continue
		}
		p.counts.setMode(mode)
		if mode == config.PeersAuto {
			p.counts.failed(status.PeersNoPort)
		}
		// Nobody hands on what waited for its home.
		if _, err := p.o.Buffer.TakeAllStrays(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil
}

// Status is the document's part on peers.
func (p *Peers) Status() status.Peers { return p.counts.status(p.set()) }
