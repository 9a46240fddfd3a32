package peers

import (
	"context"
	"errors"
	"sync"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
)

// returns notices peers that are reached again. What this sidecar has accepted in their
// place becomes due then: they show their learners what is in the database.
type returns struct {
	// signal has one when there may be a peer in back.
	signal chan struct{}

	mu sync.Mutex
	// away are those that were not reached when last tried, and back those that were
	// away and are not, by ID.
	away, back map[string]bool
}

func newReturns() *returns {
	return &returns{signal: make(chan struct{}, 1), away: map[string]bool{}, back: map[string]bool{}}
}

// note is told of every batch that ended.
func (r *returns) note(e hop.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(e.Err, hop.ErrUnreachable):
		r.away[e.Peer] = true
	case e.Err == nil && r.away[e.Peer]:
		delete(r.away, e.Peer)
		r.back[e.Peer] = true
		select {
		case r.signal <- struct{}{}:
		default:
		}
	}
}

// take returns the peers that are back, and forgets those that are no peers any more:
// at a change of the members all that has another home becomes due anyway.
func (r *returns) take(isPeer func(id string) bool) (back map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	back, r.back = r.back, map[string]bool{}
	for id := range r.away {
		if !isPeer(id) {
			delete(r.away, id)
		}
	}
	return back
}

// watchReturns makes due what this sidecar has of the learners of peers that are back.
func (t *term) watchReturns(ctx context.Context) {
	for {
		select {
		case <-t.returns.signal:
		case <-ctx.Done():
			return
		}
		set := t.set()
		back := t.returns.take(func(id string) bool { return t.links.To(id) != nil })
		writers := map[uuid.UUID]bool{}
		for _, m := range set.Candidates() {
			if back[m.Writer.String()] {
				writers[m.Writer] = true
			}
		}
		t.moveOut(func(userID string) bool { home, self := set.Home(userID); return !self && writers[home.Writer] })
	}
}
