package route

import (
	"context"
	"errors"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// putPart brings a part to its home, and keeps here what can't be brought there.
func (r *Router) putPart(ctx context.Context, p *part, updates []progress.Update) ([]buffer.Result, error) {
	if p.self {
		return r.own.Put(ctx, updates)
	}
	results, err := r.peer(p).Put(ctx, updates)
	r.countHandedOn(results)
	reason := reasonToKeep(err)
	if reason == "" {
		return follow(results, len(updates), nil, err)
	}
	kept, err := r.keep(ctx, updates[len(results):], reason, r.peer(p).AwayFor())
	return follow(results, len(updates), kept, err)
}

// resetPart is putPart for resets. One in doubt is refused: done twice, it would also
// take what came in between.
func (r *Router) resetPart(ctx context.Context, p *part, keys []progress.Key) ([]buffer.Result, error) {
	if p.self {
		return r.own.Reset(ctx, keys)
	}
	results, err := r.peer(p).Reset(ctx, keys)
	r.countHandedOn(results)
	reason := reasonToKeep(err)
	if reason == "" || reason == ReasonInDoubt {
		return follow(results, len(keys), nil, err)
	}
	kept, err := r.own.Reset(ctx, keys[len(results):])
	r.countKept(reason, kept)
	return follow(results, len(keys), kept, err)
}

// lost is how long a home that others still name as a member must have been away until
// nothing waits for it any more. A sidecar that was killed is no member after that time.
const lost = time.Minute

// keep keeps updates here: those with an event id as strays, and the others, unless
// they are in doubt, as this sidecar's own. Where the home is lost, all that is not in
// doubt becomes its own: something keeps the two apart, and that may last.
func (r *Router) keep(ctx context.Context, updates []progress.Update, reason string, away time.Duration) ([]buffer.Result, error) {
	if away >= lost && reason != ReasonInDoubt {
		results, err := r.o.Local.Put(ctx, updates)
		r.countKept(reason, results)
		return results, err
	}
	named, nameless := separate(updates, func(u *progress.Update) bool { return u.EventID != "" })
	var parts []part
	var answers []answer
	if len(named.items) > 0 {
		results, err := r.own.PutStray(ctx, pick(named.items, updates))
		if reason == ReasonInDoubt {
			results, err = stillInDoubt(results, err)
		}
		r.countKept(reason, results)
		parts, answers = append(parts, named), append(answers, answer{results, err})
	}
	switch {
	case len(nameless.items) == 0:
	case reason == ReasonInDoubt:
		parts, answers = append(parts, nameless), append(answers, answer{nil, hop.ErrInDoubt})
	default:
		results, err := r.own.Put(ctx, pick(nameless.items, updates))
		r.countKept(reason, results)
		parts, answers = append(parts, nameless), append(answers, answer{results, err})
	}
	return join(parts, answers, len(updates))
}

// stillInDoubt is what became of updates in doubt that were to be kept as strays. One
// for which there is no room stays in doubt: its home may have it.
func stillInDoubt(results []buffer.Result, err error) ([]buffer.Result, error) {
	if err != nil {
		return nil, hop.ErrInDoubt
	}
	for i := range results {
		if errors.Is(results[i].Err, buffer.ErrFull) {
			results[i].Err = hop.ErrInDoubt
		}
	}
	return results, nil
}

// reasonToKeep is why items without a result are kept here, by the error that their
// home's Peer returned: one of Reasons, or "" if the home has refused them itself or
// the caller is gone.
func reasonToKeep(err error) string {
	var unreachable *hop.UnreachableError
	switch {
	case errors.As(err, &unreachable):
		return unreachable.Reason
	case errors.Is(err, hop.ErrInDoubt):
		return ReasonInDoubt
	}
	return ""
}

func (r *Router) countHandedOn(results []buffer.Result) {
	if n := accepted(results); n > 0 {
		r.o.Observer.HandedOn(n)
	}
}

func (r *Router) countKept(reason string, results []buffer.Result) {
	if n := accepted(results); n > 0 {
		r.o.Observer.KeptLocally(reason, n)
	}
}

// accepted is how many items were neither refused nor accepted before, nor hints, of
// which nothing is kept.
func accepted(results []buffer.Result) (n int) {
	for i := range results {
		if r := &results[i]; r.Err == nil && !r.Duplicate && !r.Hint {
			n++
		}
	}
	return n
}

// peer is the way to the home of a part.
func (r *Router) peer(p *part) Peer {
	if peer := r.o.Peer(p.home.Writer); peer != nil {
		return peer
	}
	return gone{}
}

// gone is a member that left after the part was split off.
type gone struct{}

// Put implements Peer.
func (gone) Put(context.Context, []progress.Update) ([]buffer.Result, error) {
	return nil, &hop.UnreachableError{Reason: hop.ReasonLeft}
}

// AwayFor implements Peer.
func (gone) AwayFor() time.Duration { return 0 }

// Reset implements Peer.
func (gone) Reset(context.Context, []progress.Key) ([]buffer.Result, error) {
	return nil, &hop.UnreachableError{Reason: hop.ReasonLeft}
}
