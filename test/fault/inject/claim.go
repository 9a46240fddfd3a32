package inject

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// claim takes one of some sidecars for a fault that must be the only one of its kind
// there. The fault gives it back.
func claim(ctx context.Context, random *rand.Rand, of []*world.Sidecar) (*world.Sidecar, error) {
	order := slices.Clone(of)
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for {
		for _, s := range order {
			if s.Claim.TryLock() {
				return s, nil
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rest(ctx, 10*time.Millisecond)
	}
}

// peers are the sidecars that have some.
func peers(w *world.World) []*world.Sidecar {
	return slices.Concat(w.Members(world.ThisVersion), w.Members(world.OtherVersion))
}

// pair is two of them that hand on to each other.
func pair(random *rand.Rand, w *world.World) (a, b string) {
	of := w.Members(world.ThisVersion)
	if random.IntN(4) == 0 {
		of = w.Members(world.OtherVersion)
	}
	first, second := random.IntN(len(of)), random.IntN(len(of)-1)
	if second >= first {
		second++
	}
	return of[first].Name, of[second].Name
}
