package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// kill is kill -9 of a sidecar, at times while it is still starting.
type kill struct {
	nothing
	lasting
}

func (kill) Name() string { return "sidecar killed (kill -9)" }

func (kill) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	anyOf(random, w).Kill()
	return nil
}
