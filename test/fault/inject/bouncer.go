package inject

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/test/fault/world"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// bouncer puts PgBouncer in transaction mode between sidecars and primary, and
// kills it in the end.
type bouncer struct{ running *pgtest.Bouncer }

func (*bouncer) Name() string { return "PgBouncer between, then gone" }

func (*bouncer) Prepare(ctx context.Context, w *world.World) error {
	b, err := w.Primary().StartBouncer(ctx, settings...)
	if err != nil {
		return unstarted(err)
	}
	return b.Close()
}

// unstarted is why PgBouncer did not start: a machine without one can't have the
// fault, and any other reason is a failure.
func unstarted(err error) error {
	if errors.Is(err, pgtest.ErrNoBouncer) {
		return impossible(err.Error())
	}
	return fmt.Errorf("trying PgBouncer: %w", err)
}

var settings = []string{"ignore_startup_parameters = extra_float_digits"}

func (f *bouncer) Inject(ctx context.Context, w *world.World, _ *rand.Rand) error {
	b, err := w.Primary().StartBouncer(ctx, settings...)
	if err != nil {
		return err
	}
	f.running = b
	// PgBouncer before 1.21 knows nothing of prepared statements.
	w.Config.Database.ExecMode = config.ExecModeExec
	if err := w.Configure(); err != nil {
		return err
	}
	_, rest, _ := strings.Cut(b.URI(""), "@")
	address, _, _ := strings.Cut(rest, "/")
	w.Through(address)
	return nil
}

func (f *bouncer) Heal(_ context.Context, w *world.World) error {
	err := f.running.Close()
	w.Through("")
	w.Config.Database.ExecMode = config.ExecModeCacheStatement
	return errors.Join(err, w.Configure())
}
