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
	past     atomic.Pointer[[]past]
	replaced chan struct{}

	mu     sync.Mutex
	uses   int
	over   bool
	unused chan struct{} // closed when it is replaced and nobody uses it any more
}

func newView(set members.Set, before []past) *View {
	v := &View{Set: set, digest: digest(set), replaced: make(chan struct{}), unused: make(chan struct{})}
	v.past.Store(&before)
	return v
}

// Merges reports whether this sidecar may merge updates of a learner that have an event
// id: it is the learner's home, and no other sidecar may have ids of the learner that
// it does not have.
func (v *View) Merges(userID string) bool {
	return merges(v.Set, *v.past.Load(), learnerhash.Of(userID))
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
