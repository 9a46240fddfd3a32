package inject

import (
	"context"
	"math/rand/v2"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// lineStalled lets nothing through while connections stay open, and cuts some
// of them in the end, so that it stays unknown what had come through.
type lineStalled struct{ nothing }

func (lineStalled) Name() string { return "connections stalled, then cut" }

func (lineStalled) Inject(_ context.Context, w *world.World, _ *rand.Rand) error {
	w.Proxy().Stall()
	return nil
}

func (lineStalled) Heal(_ context.Context, w *world.World) error {
	w.Proxy().Cut()
	w.Proxy().Resume()
	return nil
}
