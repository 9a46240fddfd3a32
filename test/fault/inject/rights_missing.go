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

// registryMissing revokes what the sidecars need to find each other.
type registryMissing struct{ nothing }

func (registryMissing) Name() string { return "registry of the sidecars revoked" }

func (registryMissing) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	return w.RevokeRegistry(ctx)
}

func (registryMissing) Heal(ctx context.Context, w *world.World) error { return w.Grant(ctx) }
