package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// rightsMissing revokes the sidecars' grants for a while.
type rightsMissing struct{ nothing }

func (rightsMissing) Name() string { return "grants revoked" }

func (rightsMissing) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	return w.Revoke(ctx)
}

func (rightsMissing) Heal(ctx context.Context, w *world.World) error { return w.Grant(ctx) }
