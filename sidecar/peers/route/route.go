package route

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Local is this sidecar's own buffer.
type Local interface {
	Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	PutStray(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error)
}

// Peer takes what is handed on to it. With an error, the results are those of the
// first items, and the error tells of the others: hop.ErrUnreachable when nothing of
// them was sent, hop.ErrInDoubt, and those of the buffer there. *hop.Link is one.
type Peer interface {
	Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error)
}

// Homes says who is home to a learner.
type Homes interface {
	Home(userID string) (home members.Member, self bool)
}

// Observer counts what became of items. Its methods must return at once.
type Observer interface {
	HandedOn(items int)
	// FellBack counts items that did not reach their home. reason is one of Reasons.
	FellBack(reason string, items int)
}

// ReasonInDoubt is for what may have reached its home. The other reasons are those
// for which nothing was sent, hop.Reasons.
const ReasonInDoubt = "in-doubt"

// Reasons are all of Observer.FellBack.
func Reasons() []string { return append(hop.Reasons(), ReasonInDoubt) }

// Options are what a Router works with. All are required.
type Options struct {
	Local Local
	// Homes are those of the moment.
	Homes func() Homes
	// Peer is the way to a member, nil if it is none any more.
	Peer     func(writer uuid.UUID) Peer
	Observer Observer
}

// Router splits calls by home.
type Router struct{ o Options }

// New makes a Router.
func New(o Options) *Router { return &Router{o} }

// Put is that of the buffer, for updates of any learner. What concerns the part of
// one home is the error of its updates' results, unless it concerns all.
func (r *Router) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	if wire.IsHandedOn(ctx) || len(updates) == 0 {
		return r.o.Local.Put(ctx, updates)
	}
	parts := split(r.o.Homes(), len(updates), func(i int) string { return updates[i].UserID })
	return each(parts, len(updates), func(p *part) ([]buffer.Result, error) { return r.putPart(ctx, p, pick(p.items, updates)) })
}

// Reset is that of the buffer, for keys of any learner.
func (r *Router) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	if wire.IsHandedOn(ctx) || len(keys) == 0 {
		return r.o.Local.Reset(ctx, keys)
	}
	parts := split(r.o.Homes(), len(keys), func(i int) string { return keys[i].UserID })
	return each(parts, len(keys), func(p *part) ([]buffer.Result, error) { return r.resetPart(ctx, p, pick(p.items, keys)) })
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

// putPart brings a part to its home, and keeps here what can't be brought there.
func (r *Router) putPart(ctx context.Context, p *part, updates []progress.Update) ([]buffer.Result, error) {
	if p.self {
		return r.o.Local.Put(ctx, updates)
	}
	results, err := r.peer(p).Put(ctx, updates)
	fell := r.count(len(results), len(updates), err)
	if fell == fellNot {
		return whole(results, len(updates), err)
	}
	kept, err := r.keep(ctx, updates[len(results):], fell)
	return follow(results, len(updates), kept, err), nil
}

// resetPart is putPart for resets. One in doubt is refused: done twice, it would also
// take what came in between.
func (r *Router) resetPart(ctx context.Context, p *part, keys []progress.Key) ([]buffer.Result, error) {
	if p.self {
		return r.o.Local.Reset(ctx, keys)
	}
	results, err := r.peer(p).Reset(ctx, keys)
	switch r.count(len(results), len(keys), err) {
	case fellNot:
		return whole(results, len(keys), err)
	case fellInDoubt:
		return follow(results, len(keys), nil, err), nil
	case fellUnsent:
	}
	kept, err := r.o.Local.Reset(ctx, keys[len(results):])
	return follow(results, len(keys), kept, err), nil
}

// gone is a member that left between two looks.
type gone struct{}

func (gone) Put(context.Context, []progress.Update) ([]buffer.Result, error) {
	return nil, &hop.UnreachableError{Reason: hop.ReasonLeft}
}

func (gone) Reset(context.Context, []progress.Key) ([]buffer.Result, error) {
	return nil, &hop.UnreachableError{Reason: hop.ReasonLeft}
}

func (r *Router) peer(p *part) Peer {
	if peer := r.o.Peer(p.home.Writer); peer != nil {
		return peer
	}
	return gone{}
}

// fall says whether items came back from the way to their home.
type fall int

const (
	fellNot     fall = iota // all reached it, or it refuses them itself
	fellUnsent              // it has nothing of them
	fellInDoubt             // it may have them
)

// count tells the observer how the way to a home ended.
func (r *Router) count(handedOn, items int, err error) fall {
	if handedOn > 0 {
		r.o.Observer.HandedOn(handedOn)
	}
	var unreachable *hop.UnreachableError
	switch {
	case errors.As(err, &unreachable):
		r.o.Observer.FellBack(unreachable.Reason, items-handedOn)
		return fellUnsent
	case errors.Is(err, hop.ErrInDoubt):
		r.o.Observer.FellBack(ReasonInDoubt, items-handedOn)
		return fellInDoubt
	}
	return fellNot
}

// keep keeps updates here: those with an event id as strays, and the others, unless
// they are in doubt, as this sidecar's own.
func (r *Router) keep(ctx context.Context, updates []progress.Update, fell fall) ([]buffer.Result, error) {
	var named, nameless part
	for i := range updates {
		if updates[i].EventID != "" {
			named.items = append(named.items, i)
		} else {
			nameless.items = append(nameless.items, i)
		}
	}
	var parts []part
	var answers []answer
	if len(named.items) > 0 {
		results, err := r.o.Local.PutStray(ctx, pick(named.items, updates))
		parts, answers = append(parts, named), append(answers, answer{results, err})
	}
	switch {
	case len(nameless.items) == 0:
	case fell == fellInDoubt:
		parts, answers = append(parts, nameless), append(answers, answer{nil, hop.ErrInDoubt})
	default:
		results, err := r.o.Local.Put(ctx, pick(nameless.items, updates))
		parts, answers = append(parts, nameless), append(answers, answer{results, err})
	}
	return join(parts, answers, len(updates))
}
