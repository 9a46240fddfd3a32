package inject

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// failover makes the replica the primary. Lagging, it lacks the last moments of
// what the old primary has confirmed to the sidecars.
type failover struct {
	nothing
	name    string
	lagging bool
}

func (f *failover) Name() string { return f.name }

func (f *failover) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	w.Departures.Lock()
	if !f.lagging {
		return w.Promote(ctx, pgtest.Fast)
	}
	if err := w.Detach(ctx); err != nil {
		return err
	}
	rest(ctx, between(random, 50*time.Millisecond, 3*time.Second))
	return w.Promote(ctx, pgtest.Immediate)
}

func (*failover) Heal(ctx context.Context, w *world.World) error {
	defer w.Departures.Unlock()
	return w.Rebuild(ctx)
}
