package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// rolling restarts all sidecars of a service, one after another, each on its spool.
type rolling struct {
	nothing
	lasting
}

func (rolling) Name() string { return "all sidecars restarted one after another" }

func (rolling) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	of := w.Members([]string{world.ThisVersion, world.OtherVersion}[random.IntN(2)])
	random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	for _, s := range of {
		s.Terminate()
		if err := s.Await(ctx); err != nil {
			return err
		}
	}
	return nil
}
