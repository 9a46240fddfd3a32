package peers

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
)

// registryShare is a sidecar's share of the time in which all that miss the same peer
// ask the registry: together they call it 50 times a second at most.
const registryShare = 20 * time.Millisecond

// missed is told of every batch that ended. One that a peer refused, or could not be
// reached for, may mean that the peer has left.
func (t *term) missed(e hop.Exchange) {
	var unreachable *hop.UnreachableError
	if !errors.As(e.Err, &unreachable) || unreachable.Reason != hop.ReasonRefused && unreachable.Reason != hop.ReasonConnect {
		return
	}
	t.miss()
}

// miss lets the registry be asked whether a peer has left. It returns at once.
func (t *term) miss() {
	select {
	case t.absence <- struct{}{}:
	default:
	}
}

// watchAbsence asks the registry who is there when a peer is missed, so that nothing
// is handed on any more to one that has left. The members all miss it at once.
func (t *term) watchAbsence(ctx context.Context) {
	for {
		select {
		case <-t.absence:
			all := time.Duration(max(1, t.roll.Set().Len())) * registryShare
			turn := time.NewTimer(rand.N(all)) //nolint:gosec // no secret depends on it
			select {
			case <-turn.C:
				_ = t.roll.Look(ctx) // if that fails, the next call in turn makes up for it
			case <-ctx.Done():
				turn.Stop()
			}
		case <-ctx.Done():
			return
		}
	}
}
