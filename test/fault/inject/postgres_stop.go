package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// postgresStop stops the primary and starts it again.
type postgresStop struct {
	nothing
	name      string
	immediate bool
}

func (f *postgresStop) Name() string { return f.name }

func (f *postgresStop) Inject(_ context.Context, w *world.World, _ *rand.Rand) error {
	mode := pgtest.Fast
	if f.immediate {
		mode = pgtest.Immediate
	}
	return w.Primary().Stop(mode)
}

func (*postgresStop) Heal(ctx context.Context, w *world.World) error {
	return w.Primary().StartAgain(ctx)
}
