package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/door"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

const (
	// listenPause is between two tries to get the port.
	listenPause = 30 * time.Second
	// parting is how long requests under way may take when a term ends.
	parting = 2 * time.Second
	// movedWithin is the most time until what is pending of learners who moved away is
	// due. Sidecars draw from it, so that not all write at once.
	movedWithin = 3 * time.Second
	// spareConnections are for those that are no members, until TLS refuses them, and
	// for members that connect again.
	spareConnections = 64
)

// term is a time of having peers.
type term struct {
	roll  *roll.Roll
	links *hop.Links
	door  *door.Server
	// stopDelivery ends the delivery of strays; delivered is closed then.
	stopDelivery context.CancelFunc
	delivered    chan struct{}
}

// serve has peers until the mode changes or ctx ends.
func (p *Peers) serve(ctx context.Context, changed <-chan struct{}, api http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", p.o.Address.String())
	if err != nil {
		p.o.Log.Error(err, "Others can't hand on to this sidecar: something else of the pod listens there; give spec.peers another port",
			"address", p.o.Address.String())
		p.counts.failed(status.PeersPortTaken)
		pause(ctx, changed, listenPause)
		return nil
	}
	keys, err := identity.New()
	if err != nil {
		return fmt.Errorf("making the key for other sidecars: %w", err)
	}
	t := &term{roll: roll.New(roll.Options{
		Self: p.self(uuid.New()), Registry: p.o.Registry, Keys: keys, Observer: p.counts, Chance: rand.Float64,
	})}
	t.links = hop.NewLinks(hop.Options{
		TLS: func(to hop.Peer) *tls.Config {
			return keys.Client(func(f members.Fingerprint) bool {
				m, known := t.roll.Set().Known(f)
				return known && m.Writer.String() == to.ID
			})
		},
		Observe: p.counts.exchanged, Times: hop.DefaultTimes(),
	})
	t.door = door.New(door.Options{
		Home: &home{&p.o}, API: api, TLS: keys.Server(t.roll, p.counts),
		Connections:   func() int { return 2*t.roll.Set().Len() + spareConnections },
		BytesInFlight: p.o.BytesInFlight, Refused: p.counts.refused, Log: p.o.Handler,
	})
	return p.hold(ctx, changed, t, listener)
}

// hold runs the parts of a term until it is over.
func (p *Peers) hold(ctx context.Context, changed <-chan struct{}, t *term, listener net.Listener) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, failed := errgroup.WithContext(work)
	group.Go(func() error { t.roll.Run(failed); return nil })
	group.Go(func() error { return t.door.Serve(listener) })
	group.Go(func() error { p.follow(failed, t); return nil })
	t.delivered = make(chan struct{})
	delivering, stopDelivery := context.WithCancel(failed)
	t.stopDelivery = stopDelivery
	group.Go(func() error { defer close(t.delivered); return p.router.Deliver(delivering, p.o.Buffer) })
	p.term.Store(t)
	select {
	case <-ctx.Done():
	case <-changed:
	case <-failed.Done():
	}
	p.term.Store(nil)
	closing, done := context.WithTimeout(work, parting)
	t.door.Shutdown(closing)
	t.links.Close(closing)
	done()
	stop()
	return group.Wait()
}

// Leave tells the others that this sidecar is no home any more. What it gets from
// its app goes to the other homes from then on.
func (p *Peers) Leave(ctx context.Context) {
	t := p.term.Load()
	if t == nil {
		return
	}
	if err := t.roll.SayLeaving(ctx); err != nil {
		p.o.Log.V(1).Info("The others are not told that this sidecar stops", "error", err.Error())
	}
	t.door.Stop()
}

// KeepStrays makes what still waits for its home this sidecar's own, so that it is
// written before the sidecar stops.
func (p *Peers) KeepStrays(ctx context.Context) error {
	if t := p.term.Load(); t != nil {
		t.stopDelivery()
		select {
		case <-t.delivered:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	_, err := p.o.Buffer.TakeAllStrays(ctx)
	return err
}

// self is what the registry is told of this sidecar.
func (p *Peers) self(owner uuid.UUID) func() members.Member {
	return func() members.Member {
		return members.Member{Writer: p.o.Writer, Owner: owner, Address: p.o.Address, Target: p.o.Target(), Protocol: wire.Version}
	}
}

// follow makes the candidates the peers of the links, and what is pending of learners
// who moved away due, at each change of the members.
func (p *Peers) follow(ctx context.Context, t *term) {
	for {
		changed := t.roll.Changed()
		set := t.roll.Set()
		var others []hop.Peer
		for _, m := range set.Candidates() {
			if m.Writer != p.o.Writer {
				others = append(others, hop.Peer{ID: m.Writer.String(), Address: m.Address.String(), Key: keysOf(m)})
			}
		}
		t.links.Follow(others)
		if !set.IsAlone() {
			p.o.Buffer.MakeDueWhere(func(userID string) bool { _, self := set.Home(userID); return !self }, rand.N(movedWithin))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// keysOf tells two states of a member's keys apart.
func keysOf(m members.Member) string {
	all := make([]byte, 0, len(m.Fingerprints)*len(members.Fingerprint{}))
	for _, f := range m.Fingerprints {
		all = append(all, f[:]...)
	}
	return m.Owner.String() + string(all)
}

// home is the buffer as others hand on to it.
type home struct{ o *Options }

// PutFrom implements door.Home.
func (h *home) PutFrom(
	ctx context.Context, sender [16]byte, number uint64, updates []progress.Update, resets []progress.Key,
) ([]buffer.Result, error) {
	items := make([]buffer.Item, 0, len(updates)+len(resets))
	for _, u := range updates {
		items = append(items, buffer.Item{Update: u})
	}
	for _, k := range resets {
		items = append(items, buffer.Item{Update: progress.Update{Key: k}, Reset: true})
	}
	results, err := h.o.Buffer.PutFrom(ctx, sender, number, items)
	accepted, merged, repeated := 0, 0, 0
	for i := range results {
		switch r := &results[i]; {
		case r.Err != nil:
		case r.Duplicate:
			repeated++
		default:
			accepted++
			if r.Record.UpdateCount > 1 {
				merged++
			}
		}
	}
	if accepted > 0 {
		h.o.Accepted(accepted, merged)
	}
	if repeated > 0 {
		h.o.Repeated(repeated)
	}
	return results, err
}

func pause(ctx context.Context, changed <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
	}
}
