package inject

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// connectionLimit lets the sidecars have one connection together, or none.
type connectionLimit struct{ nothing }

func (connectionLimit) Name() string { return "connection limit reached" }

func (connectionLimit) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	return errors.Join(w.LimitConnections(ctx, random.IntN(2)), w.Terminate(ctx, 1))
}

func (connectionLimit) Heal(ctx context.Context, w *world.World) error {
	return w.LimitConnections(ctx, -1)
}
