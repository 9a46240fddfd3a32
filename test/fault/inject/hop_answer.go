package inject

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/wire"
	"github.com/progress-sync/progress-sync/test/fault/world"
)

// hopAnswer cuts the connections to a home that has answered a batch, before the
// answer is through.
type hopAnswer struct {
	nothing
	lasting
}

func (hopAnswer) Name() string { return "answer of a hop cut" }

func (hopAnswer) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	return catching(ctx, w, random, func(home *world.Sidecar, catch *wire.Catch) bool {
		answered := within(ctx, time.Second, catch.Answer)
		w.Network.Cut(home.Name, "")
		return answered
	})
}
