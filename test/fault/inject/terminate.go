package inject

import (
	"context"
	"math/rand/v2"
	"time"

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

// terminateStarting is SIGTERM to a sidecar that has just been started again, and may
// not know yet who else there is.
type terminateStarting struct {
	nothing
	lasting
}

func (terminateStarting) Name() string { return "sidecar terminated as it starts (SIGTERM)" }

func (terminateStarting) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	of := peers(w)
	of[random.IntN(len(of))].TerminateNext(between(random, 0, 100*time.Millisecond))
	return nil
}
