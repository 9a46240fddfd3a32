package peers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/door"
	"github.com/progress-sync/progress-sync/sidecar/peers/handover"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/roll"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

const (
	// partingTime is how long requests under way may take when a term ends.
	partingTime = 2 * time.Second
	// movedWithin is the most time until what is pending of learners who moved away is
	// due. Sidecars draw from it, so that not all write at once.
	movedWithin = 3 * time.Second
	// spareConnections are for those that are no members, until TLS refuses them, and
	// for members that connect again.
	spareConnections = 64
)

// term is a time of having peers, or of having none.
type term struct {
	o     *Options
	log   logr.Logger
	roll  *roll.Roll // nil, as what follows, without peers
	first *first
	links *hop.Links
	door  *door.Server
	// handover has the roll's last set that there are links to all of.
	handover *handover.Handover
	// absence has one when a peer may have left.
	absence chan struct{}
	returns *returns
}

// alone is a term without peers.
func alone() *term { return &term{} }

func newTerm(o *Options, c *counts, api http.Handler) (*term, error) {
	keys, err := identity.New()
	if err != nil {
		return nil, fmt.Errorf("making the key for other sidecars: %w", err)
	}
	t := &term{o: o, log: o.Log, first: &first{Observer: c, began: time.Now()}, absence: make(chan struct{}, 1), returns: newReturns()}
	owner := uuid.New()
	t.handover = handover.New(handover.Options{
		Writer: o.Writer, Owner: owner, Events: o.Buffer, MoveOut: t.moveOut, Send: t.send, Sent: c.handedOver, Missed: t.miss,
	})
	t.roll = roll.New(roll.Options{
		Self: func() members.Member {
			return members.Member{Writer: o.Writer, Owner: owner, Address: o.Address, Target: o.Target(), Protocol: wire.Version}
		},
		Registry: o.Registry, Keys: keys, Observer: t.first, Chance: rand.Float64,
	})
	t.links = hop.NewLinks(hop.Options{
		TLS: func(to hop.Peer) *tls.Config {
			return keys.Client(func(f members.Fingerprint) bool {
				m, known := t.roll.Set().Known(f)
				return known && m.Writer.String() == to.ID
			})
		},
		Observe: func(e hop.Exchange) { c.exchanged(e); t.missed(e); t.returns.note(e) }, Missed: t.miss, Times: hop.DefaultTimes(),
	})
	t.door = door.New(door.Options{
		Home: &home{o, t.use, t.isAway}, Events: t.handover, API: api, TLS: keys.Server(t.roll, t), Member: t.isMember,
		Connections:   func() int { return 2*t.roll.Set().Len() + spareConnections },
		BytesInFlight: o.BytesInFlight, Refused: c.refused, Log: o.Handler,
	})
	return t, nil
}

// hasPeers reports whether there are or may be others.
func (t *term) hasPeers() bool { return t != nil && t.roll != nil }

// set is who there is, nobody for a term without peers and for nil.
func (t *term) set() members.Set {
	if !t.hasPeers() {
		return members.Set{}
	}
	return t.handover.View().Set
}

// known is set, and whether that is the last word: the registry was asked, or that
// is in vain, or there are no peers.
func (t *term) known() (members.Set, bool) {
	s := t.set()
	return s, t != nil && (t.roll == nil || s.Len() > 0 || t.first.isOverdue(time.Now()))
}

// use is by what this sidecar merges, nil while it is not known who is home.
func (t *term) use() (m route.Merger, end func()) {
	v, end := t.handover.Use()
	if v == nil || v.Len() == 0 && !t.first.isOverdue(time.Now()) {
		return nil, end
	}
	return v, end
}

// isAway reports whether a learner has another home.
func (t *term) isAway(userID string) bool {
	_, self := t.set().Home(userID)
	return !self
}

// send brings a page of event ids to a candidate.
func (t *term) send(ctx context.Context, to uuid.UUID, page *wire.Events) error {
	link := t.links.To(to.String())
	if link == nil {
		return errNoLink
	}
	return link.HandOver(ctx, page)
}

// errNoLink is for a candidate that has left.
var errNoLink = errors.New("there is no way to the sidecar any more")

// Refused implements identity.Observer. The door counts it.
func (t *term) Refused(err error) {
	t.log.V(1).Info("A connection of another sidecar is refused", "error", err.Error())
}

// run has peers until the mode changes, ctx ends, or the port fails, of which the error
// is. closing is called before the links to others are closed.
func (t *term) run(ctx context.Context, changed <-chan struct{}, listener net.Listener, closing func()) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	following, unfollow := context.WithCancel(work)
	defer unfollow()
	var parts, follower sync.WaitGroup
	served := make(chan error, 1)
	parts.Go(func() { t.roll.Run(work) })
	parts.Go(func() { served <- t.door.Serve(listener) })
	follower.Go(func() { t.follow(following) })
	follower.Go(func() { t.watchAbsence(following) })
	follower.Go(func() { t.watchReturns(following) })
	follower.Go(func() { t.handover.Run(following) })
	var failed error
	select {
	case <-ctx.Done():
	case <-changed:
	case failed = <-served:
	}
	closing()
	unfollow()
	follower.Wait() // it would open links anew
	t.handover.End()
	parting, parted := context.WithTimeout(work, partingTime)
	defer parted()
	t.door.Shutdown(parting)
	t.links.Close(parting)
	stop()
	parts.Wait()
	return failed
}

// follow makes the candidates the peers of the links at each change of the members.
func (t *term) follow(ctx context.Context) {
	greeter := newGreeter(t.hello)
	defer greeter.wait()
	for {
		changed := t.roll.Changed()
		set := t.roll.Set()
		t.relink(set)
		greeter.follow(ctx, others(set, t.o.Writer))
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// relink makes next who there is. The links to who comes are there before, and those to
// who goes until after that, so that no update finds a home without a link.
func (t *term) relink(next members.Set) {
	coming := others(next, t.o.Writer)
	both := coming
	for _, p := range others(t.set(), t.o.Writer) {
		if !slices.ContainsFunc(coming, func(c hop.Peer) bool { return c.ID == p.ID }) {
			both = append(both, p)
		}
	}
	t.links.Follow(both)
	t.handover.Follow(next)
	t.links.Follow(coming)
}

// moveOut makes what is pending of the learners who are away due, and returns what waits
// until it is written.
func (t *term) moveOut(away func(userID string) bool) (written func(context.Context) error) {
	jitter := rand.N(movedWithin) //nolint:gosec // no secret depends on it
	due := t.o.Buffer.MakeDueWhere(away, jitter)
	return func(ctx context.Context) error { return t.o.Buffer.AwaitSaved(ctx, due) }
}

// others are the candidates but the sidecar itself.
func others(set members.Set, self uuid.UUID) (peers []hop.Peer) {
	for _, m := range set.Candidates() {
		if m.Writer != self {
			peers = append(peers, hop.Peer{ID: m.Writer.String(), Address: m.Address.String(), Key: keysOf(m)})
		}
	}
	return slices.Clip(peers)
}

// isMember reports whether the key that a connection has shown is still a member's.
func (t *term) isMember(state *tls.ConnectionState) bool {
	f, shown := identity.Shown(state)
	if !shown {
		return false
	}
	_, known := t.roll.Set().Known(f)
	return known
}

// keysOf tells two states of a member's keys apart.
func keysOf(m members.Member) string {
	all := make([]byte, 0, len(m.Fingerprints)*len(members.Fingerprint{}))
	for _, f := range m.Fingerprints {
		all = append(all, f[:]...)
	}
	return m.Owner.String() + string(all)
}
