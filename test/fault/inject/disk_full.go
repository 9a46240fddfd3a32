package inject

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// diskFull leaves a spool's volume nothing, or next to nothing, or less than
// the sidecar wants to keep free. A sidecar without room keeps no batches for a
// failover, so that none that loses some may come then.
type diskFull struct{ of *world.Sidecar }

func (*diskFull) Name() string { return "spool disk full" }

func (*diskFull) Prepare(_ context.Context, w *world.World) error {
	if !w.Sidecars[0].CanFill() {
		return impossible("mounting a small file system takes root")
	}
	return nil
}

func (f *diskFull) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	var err error
	if f.of, err = claim(ctx, random, w.Sidecars); err != nil {
		return err
	}
	w.Departures.Lock()
	f.of.Excuse(true) // the sidecar ends after an error of its disk
	return f.of.Fill([]int64{0, 64 << 10, 1 << 20, 8 << 20}[random.IntN(4)])
}

func (f *diskFull) Heal(ctx context.Context, w *world.World) error {
	defer f.of.Claim.Unlock()
	defer w.Departures.Unlock()
	if err := f.of.Free(); err != nil {
		return err
	}
	if err := f.of.Await(ctx); err != nil {
		return err
	}
	f.of.Excuse(false)
	rest(ctx, 2*time.Second) // it measures its room once a second
	return nil
}
