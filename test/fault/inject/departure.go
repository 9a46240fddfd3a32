package inject

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// departure ends a sidecar for good once it says that all is saved, and later lets
// another one come, with an empty spool.
type departure struct {
	nothing
	of *world.Sidecar
}

func (*departure) Name() string { return "sidecar gone for good, another one come" }

const (
	departPatience = 2 * time.Minute
	syncPatience   = 10 * time.Second
)

func (f *departure) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	for end := time.Now().Add(departPatience); time.Now().Before(end); {
		s, err := claim(ctx, random, peers(w))
		if err != nil {
			return err
		}
		gone, err := depart(ctx, w, s)
		if gone {
			f.of = s
			return err
		}
		s.Claim.Unlock()
		if err != nil {
			return err
		}
	}
	return errors.New("no sidecar could save all that it had before it ended")
}

// depart reports whether a sidecar has ended, with nothing left to do.
func depart(ctx context.Context, w *world.World, s *world.Sidecar) (gone bool, err error) {
	w.Departures.Lock()
	defer w.Departures.Unlock()
	saving, cancel := context.WithTimeout(ctx, syncPatience)
	defer cancel()
	// Of each lane something is written, so that what a failover has undone is written
	// again.
	if s.Replay(saving) != nil || s.Sync(saving) != nil {
		return false, nil // for another fault of this moment
	}
	rest(ctx, time.Second)
	if s.Sync(saving) != nil {
		return false, nil
	}
	if gone, err = s.Depart(); err != nil || !gone {
		return false, err
	}
	return true, w.AwaitStandby(ctx)
}

func (f *departure) Heal(ctx context.Context, _ *world.World) error {
	if f.of == nil {
		return nil
	}
	of := f.of
	f.of = nil
	defer of.Claim.Unlock()
	return of.Arrive(ctx)
}
