package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// terminate is SIGTERM with a grace period that is too short to write all.
type terminate struct {
	nothing
	lasting
}

func (*terminate) Name() string { return "sidecar terminated (SIGTERM, short grace)" }

func (*terminate) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	anyOf(random, w).Terminate()
	return nil
}
