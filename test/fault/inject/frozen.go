package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// frozen stops every process of the primary in its tracks.
type frozen struct{ nothing }

func (frozen) Name() string { return "Postgres frozen (SIGSTOP)" }

func (frozen) Inject(_ context.Context, w *world.World, _ *rand.Rand) error {
	return w.Primary().Freeze()
}

func (frozen) Heal(_ context.Context, w *world.World) error {
	w.Primary().Thaw()
	return nil
}
