package handover

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/progress-sync/progress-sync/sidecar/learnerhash"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// View is who there is, until another View replaces it.
type View struct {
	members.Set
	digest uint64 // of the candidates
	// past are the sets of before whose homes may still hand ids over. They only get
	// fewer.
	past atomic.Pointer[[]past]
	// unwritten are those of which others may still have something to write. They only
	// get fewer, too.
	unwritten atomic.Pointer[[]past]
	replaced  chan struct{}

	mu     sync.Mutex
	uses   int
	over   bool
	unused chan struct{} // closed when it is replaced and nobody uses it any more
}

func newView(set members.Set, before, unwritten []past) *View {
	v := &View{Set: set, digest: digest(set), replaced: make(chan struct{}), unused: make(chan struct{})}
	v.past.Store(&before)
	v.unwritten.Store(&unwritten)
	return v
}

// Merges reports whether this sidecar may merge updates of a learner that have an event
// id: it is the learner's home, and no other sidecar may have ids of the learner that
// it does not have.
func (v *View) Merges(userID string) bool {
	return hasAll(v.Set, *v.past.Load(), learnerhash.Of(userID))
}

// MayBeBehind reports whether this sidecar and the database together may lack what a
// learner did: another sidecar is the home, or was, and not all have said yet that the
// database has what they had. That may be more than the home before: where others could
// not reach it as it left, they have kept what they had for it.
func (v *View) MayBeBehind(userID string) bool {
	return v.mayBeBehind(learnerhash.Of(userID))
}

func (v *View) mayBeBehind(learner uint64) bool {
	return !hasAll(v.Set, *v.unwritten.Load(), learner)
}

// Replaced is closed when there is another View.
func (v *View) Replaced() <-chan struct{} { return v.replaced }

// begin is false if v is replaced.
func (v *View) begin() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.over {
		v.uses++
	}
	return !v.over
}

func (v *View) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.uses--; v.over && v.uses == 0 {
		close(v.unused)
	}
}

// replace lets no more uses begin. Another View must be there already.
func (v *View) replace() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		return
	}
	v.over = true
	close(v.replaced)
	if v.uses == 0 {
		close(v.unused)
	}
}

// isUnused reports whether it is replaced and nobody uses it any more.
func (v *View) isUnused() bool {
	select {
	case <-v.unused:
		return true
	default:
		return false
	}
}

// await returns when nobody uses v any more, or ctx ends.
func (v *View) await(ctx context.Context) {
	select {
	case <-v.unused:
	case <-ctx.Done():
	}
}
