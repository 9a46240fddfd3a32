package route

import (
	"context"
	"errors"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// ErrInDoubt refuses an update that was sent to its home, which did not answer.
var ErrInDoubt = hop.ErrInDoubt

// Local is this sidecar's own buffer.
type Local interface {
	Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	PutStray(ctx context.Context, updates []progress.Update) ([]buffer.Result, error)
	Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error)
}

// Peers hands items on; its errors are hop.ErrUnreachable, when nothing was sent,
// hop.ErrInDoubt, and those of the buffer there.
type Peers interface {
	Put(ctx context.Context, home members.Member, items hop.Items) ([]buffer.Result, error)
}

// Homes says who is home to a learner.
type Homes interface {
	Home(userID string) (home members.Member, self bool)
}

// Observer counts what became of items.
type Observer interface {
	HandedOn(items int)
	// FellBack counts items that were kept here since their home could not be
	// reached, and those in doubt. reason is one of Reasons.
	FellBack(reason string, items int)
}

// Reasons of Observer.FellBack.
const (
	ReasonUnreachable = "unreachable"
	ReasonInDoubt     = "in_doubt"
)

// Router splits calls by home.
type Router struct {
	local    Local
	peers    Peers
	homes    func() Homes
	observer Observer
}

// New makes a Router. homes gives the homes of the moment.
func New(local Local, peers Peers, homes func() Homes, o Observer) *Router {
	return &Router{local: local, peers: peers, homes: homes, observer: o}
}

// Put is that of the buffer, for updates of any learner. An error of one home
// becomes that of its updates' results, unless all have it.
func (r *Router) Put(ctx context.Context, updates []progress.Update) ([]buffer.Result, error) {
	parts := split(r.homes(), len(updates), func(i int) string { return updates[i].UserID })
	return r.put(ctx, parts, len(updates), func(ctx context.Context, p *part) ([]buffer.Result, error) {
		return r.putPart(ctx, p, p.updates(updates))
	})
}

// Reset is that of the buffer, for keys of any learner.
func (r *Router) Reset(ctx context.Context, keys []progress.Key) ([]buffer.Result, error) {
	parts := split(r.homes(), len(keys), func(i int) string { return keys[i].UserID })
	return r.put(ctx, parts, len(keys), func(ctx context.Context, p *part) ([]buffer.Result, error) {
		return r.resetPart(ctx, p, p.keys(keys))
	})
}

// put runs all parts, the last of them in the calling goroutine.
func (r *Router) put(ctx context.Context, parts []part, items int, do func(context.Context, *part) ([]buffer.Result, error)) ([]buffer.Result, error) {
	if len(parts) == 1 {
		return do(ctx, &parts[0])
	}
	answers := make([]answer, len(parts))
	var others sync.WaitGroup
	for i := range parts[1:] {
		others.Go(func() { answers[i+1].results, answers[i+1].err = do(ctx, &parts[i+1]) })
	}
	answers[0].results, answers[0].err = do(ctx, &parts[0])
	others.Wait()
	return join(parts, answers, items)
}

// putPart brings a part to its home, and keeps here what can't be brought there.
func (r *Router) putPart(ctx context.Context, p *part, updates []progress.Update) ([]buffer.Result, error) {
	if p.self {
		return r.local.Put(ctx, updates)
	}
	results, err := r.peers.Put(ctx, p.home, hop.Items{Updates: updates})
	reason, fallback := fallbackOf(err)
	if !fallback {
		if err == nil {
			r.observer.HandedOn(len(updates))
		}
		return results, err
	}
	r.observer.FellBack(reason, len(updates))
	return r.keep(ctx, updates, errors.Is(err, hop.ErrInDoubt))
}

// resetPart is putPart for resets. A reset that is done twice in a row is done once.
func (r *Router) resetPart(ctx context.Context, p *part, keys []progress.Key) ([]buffer.Result, error) {
	if p.self {
		return r.local.Reset(ctx, keys)
	}
	results, err := r.peers.Put(ctx, p.home, hop.Items{Resets: keys})
	reason, fallback := fallbackOf(err)
	switch {
	case fallback && errors.Is(err, hop.ErrInDoubt):
		r.observer.FellBack(reason, len(keys))
		return nil, err
	case fallback:
		r.observer.FellBack(reason, len(keys))
		return r.local.Reset(ctx, keys)
	case err == nil:
		r.observer.HandedOn(len(keys))
	}
	return results, err
}

func fallbackOf(err error) (reason string, fallback bool) {
	switch {
	case errors.Is(err, hop.ErrUnreachable):
		return ReasonUnreachable, true
	case errors.Is(err, hop.ErrInDoubt):
		return ReasonInDoubt, true
	}
	return "", false
}

// keep keeps updates here: as strays those with an event id, the others, unless
// they are in doubt, as updates of this sidecar's own.
func (r *Router) keep(ctx context.Context, updates []progress.Update, doubt bool) ([]buffer.Result, error) {
	named := part{self: true}
	nameless := part{self: true}
	for i := range updates {
		if updates[i].EventID != "" {
			named.items = append(named.items, i)
		} else {
			nameless.items = append(nameless.items, i)
		}
	}
	var parts []part
	var answers []answer
	add := func(p part, do func(context.Context, []progress.Update) ([]buffer.Result, error)) {
		if len(p.items) == 0 {
			return
		}
		var a answer
		a.results, a.err = do(ctx, p.updates(updates))
		parts, answers = append(parts, p), append(answers, a)
	}
	add(named, r.local.PutStray)
	if doubt {
		add(nameless, func(context.Context, []progress.Update) ([]buffer.Result, error) { return nil, ErrInDoubt })
	} else {
		add(nameless, r.local.Put)
	}
	return join(parts, answers, len(updates))
}
