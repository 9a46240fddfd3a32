package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// sequenceUsedUp leaves the id of a mapped table no further value.
type sequenceUsedUp struct{ nothing }

func (sequenceUsedUp) Name() string { return "sequence of a mapped table used up" }

func (sequenceUsedUp) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	// While nobody inserts, so that it can't be past that meanwhile.
	return w.Exec(ctx, "DO $$ BEGIN LOCK TABLE campus.progress IN SHARE ROW EXCLUSIVE MODE; EXECUTE format('ALTER SEQUENCE campus.progress_id_seq MAXVALUE %s', "+
		"(SELECT greatest(last_value, 2) FROM campus.progress_id_seq)); END $$")
}

func (sequenceUsedUp) Heal(ctx context.Context, w *world.World) error {
	return w.Exec(ctx, "ALTER SEQUENCE campus.progress_id_seq NO MAXVALUE")
}
