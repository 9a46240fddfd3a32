package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// refusalAnswer cuts connections right behind the refusal of a batch, so that the
// sidecar hears of it and not of what else was written in the same round.
type refusalAnswer struct{ trigger }

// refusalCuts is how many connections of all sidecars are cut at most, so that some
// get on with finding the record at fault.
const refusalCuts = 20

func (f *refusalAnswer) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	if err := f.trigger.Inject(ctx, w, random); err != nil {
		return err
	}
	w.Proxy().CutRefusals(refusalCuts)
	return nil
}

func (f *refusalAnswer) Heal(ctx context.Context, w *world.World) error {
	w.Proxy().CutRefusals(0)
	return f.trigger.Heal(ctx, w)
}
