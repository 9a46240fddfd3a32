package inject

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/wire"
	"github.com/progress-sync/progress-sync/test/fault/world"
)

// homeKilled is kill -9 of a sidecar that another one has sent a batch to, before the
// other one has the answer.
type homeKilled struct {
	nothing
	lasting
}

func (homeKilled) Name() string { return "home killed in the middle of a hop (kill -9)" }

func (homeKilled) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	return catching(ctx, w, random, func(home *world.Sidecar, _ *wire.Catch) bool {
		// Before the home has read it, or merged it, or answered.
		rest(ctx, between(random, 0, 3*time.Millisecond))
		return home.Kill()
	})
}

// hopPatience is how long a fault waits for a batch to some sidecar, and homePatience
// to the one that it has chosen.
const (
	hopPatience  = time.Minute
	homePatience = 300 * time.Millisecond
)

// catching waits for a batch to a sidecar and calls do while the answer is held back,
// again until that is true.
func catching(ctx context.Context, w *world.World, random *rand.Rand, do func(*world.Sidecar, *wire.Catch) bool) error {
	for end := time.Now().Add(hopPatience); time.Now().Before(end); {
		of := peers(w)
		home := of[random.IntN(len(of))]
		catch := w.Network.Catch(home.Name)
		done := within(ctx, homePatience, catch.Batch) && do(home, catch)
		catch.Release()
		if done {
			return nil
		}
	}
	return errors.New("no sidecar was sent a batch by another one")
}

// within reports whether a channel is closed in time.
func within(ctx context.Context, d time.Duration, closed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-closed:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
