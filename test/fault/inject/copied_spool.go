package inject

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/test/fault/world"
)

// copiedSpool starts a second sidecar on an old copy of a spool, twice. The copy
// must hold its data and say so, and the first one must not notice.
type copiedSpool struct {
	nothing
	of, copied *world.Sidecar
}

func (*copiedSpool) Name() string { return "copy of a spool started twice" }

func (f *copiedSpool) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	var err error
	if f.of, err = claim(ctx, random, w.Sidecars); err != nil {
		return err
	}
	if f.copied, err = w.Copy(f.of); err != nil {
		return err
	}
	// Whatever the copy holds is written, and then more of every lane.
	if err := f.of.Sync(ctx); err != nil {
		return err
	}
	rest(ctx, between(random, time.Second, 2*time.Second))
	if err := f.of.Sync(ctx); err != nil {
		return err
	}
	f.copied.Run()
	if err := f.mustKeep(ctx); err != nil {
		return err
	}
	f.copied.Kill() // it is started again
	return f.mustKeep(ctx)
}

// mustKeep waits until the copy says that it is one, and the first one has saved
// what it holds then.
func (f *copiedSpool) mustKeep(ctx context.Context) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); rest(ctx, 20*time.Millisecond) {
		d, err := f.copied.Document(ctx)
		if err == nil && d.Counters.RowsWritten > 0 {
			return errors.New("the copy of a spool wrote rows")
		}
		if err == nil && d.Sync.Error != nil && d.Sync.Error.Class == string(flush.ClassStaleSpool) {
			return errors.Join(f.of.Sync(ctx), f.undisturbed(ctx))
		}
	}
	return errors.New("the copy of a spool does not say that it is one")
}

// undisturbed returns an error if the first one has lost its ledger rows.
func (f *copiedSpool) undisturbed(ctx context.Context) error {
	d, err := f.of.Document(ctx)
	if err == nil && d.Sync.Error != nil && d.Sync.Error.Class == string(flush.ClassFenced) {
		return errors.New("the copy of a spool took the ledger rows from the sidecar that has the spool")
	}
	return nil // if it is down, another start has its turn to say so
}

func (f *copiedSpool) Heal(ctx context.Context, _ *world.World) error {
	defer f.of.Claim.Unlock()
	if f.copied == nil {
		return nil
	}
	var wrote error
	if d, err := f.copied.Document(ctx); err == nil && d.Counters.RowsWritten > 0 {
		wrote = errors.New("the copy of a spool wrote rows")
	}
	wrote = errors.Join(wrote, f.undisturbed(ctx))
	err := f.copied.Discard()
	f.copied = nil
	return errors.Join(wrote, err, f.of.Await(ctx))
}
