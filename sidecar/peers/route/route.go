package route

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Options are what a Router works with. All are required.
type Options struct {
	Local Local
	// Homes are those of the moment, nil while it is not known who is home.
	Homes func() Homes
	// Use is the Merger of the moment, nil while it is not known who is home. What is
	// merged by it is on the disk before end is called.
	Use func() (m Merger, end func())
	// Peer is the way to a member, nil if it is none any more.
	Peer     func(writer uuid.UUID) Peer
	Observer Observer
}

// Router splits calls by home.
type Router struct {
	o   Options
	own Local
}

// New makes a Router.
func New(o Options) *Router { return &Router{o, &own{o.Local, o.Use}} }

// Put is that of the buffer, for updates of any learner. What concerns the part of
// one home is the error of its updates' results, unless it concerns all.
func (r *Router) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	if wire.IsHandedOn(ctx) || len(updates) == 0 {
		return r.own.Put(ctx, updates)
	}
	homes := r.o.Homes()
	if homes == nil {
		return r.keep(ctx, updates, ReasonUnknown, 0)
	}
	parts := split(homes, len(updates), func(i int) string { return updates[i].UserID })
	return each(parts, len(updates), func(p *part) ([]buffer.Result, error) {
		return r.putPart(ctx, p, pick(p.items, updates))
	})
}

// Reset is that of the buffer, for keys of any learner.
func (r *Router) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	if wire.IsHandedOn(ctx) || len(keys) == 0 {
		return r.own.Reset(ctx, keys)
	}
	homes := r.o.Homes()
	if homes == nil {
		return r.own.Reset(ctx, keys)
	}
	parts := split(homes, len(keys), func(i int) string { return keys[i].UserID })
	return each(parts, len(keys), func(p *part) ([]buffer.Result, error) {
		return r.resetPart(ctx, p, pick(p.items, keys))
	})
}

// each does all parts at the same time, the first in the calling goroutine.
func each(parts []part, items int, do func(*part) ([]buffer.Result, error)) ([]buffer.Result, error) {
	if len(parts) == 1 {
		return do(&parts[0])
	}
	answers := make([]answer, len(parts))
	var others sync.WaitGroup
	for i := 1; i < len(parts); i++ {
		others.Go(func() { answers[i].results, answers[i].err = do(&parts[i]) })
	}
	answers[0].results, answers[0].err = do(&parts[0])
	others.Wait()
	return join(parts, answers, items)
}
