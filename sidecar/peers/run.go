package peers

import (
	"context"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// listenPause is between two tries to get the port.
const listenPause = 30 * time.Second

// Run has peers while the mode is Auto, until ctx ends. api answers requests that
// others hand on. An error is one of the disk, or that no key can be made.
func (p *Peers) Run(ctx context.Context, api http.Handler) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.runTerms(ctx, api) })
	group.Go(func() error {
		return p.delivery.run(ctx, func(ctx context.Context) error {
			return p.router.Deliver(ctx, p.o.Buffer, p.known)
		})
	})
	return group.Wait()
}

// runTerms has one term after the other.
func (p *Peers) runTerms(ctx context.Context, api http.Handler) error {
	for ctx.Err() == nil {
		mode, changed := p.wanted()
		switch {
		case mode == config.PeersOff:
			p.counts.ended()
			p.wait(ctx, changed, nil)
		case !p.o.Address.IsValid():
			p.counts.notRegistered(status.PeersNoPort)
			p.wait(ctx, changed, nil)
		default:
			if err := p.runTerm(ctx, changed, api); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted is the mode that the next term is to begin in, and what is closed when it is
// another one. A sidecar that is leaving begins none.
func (p *Peers) wanted() (config.PeersMode, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leaving {
		return config.PeersOff, p.changed
	}
	return p.mode, p.changed
}

// wait lets the sidecar be alone until the mode changes, later tells, or ctx ends. One
// that is leaving stays as it is: without a term of before it does not know who is home,
// and were it alone, it would write strays that their homes may have written already.
func (p *Peers) wait(ctx context.Context, changed <-chan struct{}, later <-chan time.Time) {
	p.begin(alone())
	select {
	case <-changed:
	case <-later:
	case <-ctx.Done():
	}
}

// runTerm has peers until the mode changes or ctx ends, or tries later if the port
// can't be had.
func (p *Peers) runTerm(ctx context.Context, changed <-chan struct{}, api http.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", p.o.Address.String())
	if err == nil {
		t, unmade := newTerm(&p.o, p.counts, api)
		if unmade != nil || !p.begin(t) {
			_ = listener.Close()
			return unmade
		}
		err = t.run(ctx, changed, listener, func() { p.term.Store(nil) })
		p.counts.ended()
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	p.o.Log.Error(err, "Others can't hand on to this sidecar: something else of the pod listens there; give spec.peers another port",
		"address", p.o.Address.String())
	p.counts.notRegistered(status.PeersPortTaken)
	later := time.NewTimer(p.retry)
	defer later.Stop()
	p.wait(ctx, changed, later.C)
	return nil
}

// begin is false, and does nothing, if the sidecar is leaving.
func (p *Peers) begin(t *term) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.leaving {
		p.term.Store(t)
	}
	return !p.leaving
}
