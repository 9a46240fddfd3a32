package inject

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// lineCut breaks all connections to Postgres a few times.
type lineCut struct {
	nothing
	lasting
}

func (lineCut) Name() string { return "connections cut" }

func (lineCut) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	for range 1 + random.IntN(5) {
		w.Proxy().Cut()
		rest(ctx, between(random, time.Millisecond, 200*time.Millisecond))
	}
	return nil
}
