package inject

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// backends ends backends of the sidecars a few times, wherever they are.
type backends struct {
	nothing
	lasting
}

func (*backends) Name() string { return "backends terminated" }

func (*backends) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	for range 1 + random.IntN(5) {
		if err := w.Terminate(ctx, 0.7); err != nil {
			return err
		}
		rest(ctx, between(random, time.Millisecond, 200*time.Millisecond))
	}
	return nil
}
