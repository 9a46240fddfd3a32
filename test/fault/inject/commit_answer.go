package inject

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// commitAnswer cuts the connection after the server has committed a batch and
// before the sidecar hears of it.
type commitAnswer struct{ nothing }

func (*commitAnswer) Name() string { return "answer to a commit swallowed" }

func (*commitAnswer) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	before := w.Proxy().Cuts()
	w.Proxy().Arm()
	const attempts = 3000
	for range attempts {
		if w.Proxy().Cuts() > before {
			return nil
		}
		rest(ctx, 10*time.Millisecond)
	}
	return errors.New("no batch was committed in 30 s")
}

func (*commitAnswer) Heal(_ context.Context, w *world.World) error {
	w.Proxy().Disarm()
	return nil
}
