package inject

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// rotation changes the password in the database first and in the mounted Secret
// some time later.
type rotation struct{ nothing }

func (*rotation) Name() string { return "credentials rotated" }

func (*rotation) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	return errors.Join(w.SetPassword(ctx, fmt.Sprintf("%x", random.Uint64())), w.Terminate(ctx, 1))
}

func (*rotation) Heal(_ context.Context, w *world.World) error { return w.MountPassword() }
