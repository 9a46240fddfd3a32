package inject

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// hopsCut breaks all connections of a sidecar to others a few times.
type hopsCut struct {
	nothing
	lasting
}

func (hopsCut) Name() string { return "connections of a sidecar to others cut" }

func (hopsCut) Inject(ctx context.Context, w *world.World, random *rand.Rand) error {
	of := peers(w)
	name := of[random.IntN(len(of))].Name
	for range 1 + random.IntN(5) {
		w.Network.Cut(name, "")
		rest(ctx, between(random, time.Millisecond, 200*time.Millisecond))
	}
	return nil
}

// lost lets nothing through between sidecars, some of it in one direction only. In the
// end the connections are cut, or all that waits arrives late.
type lost struct {
	nothing
	name   string
	both   bool // directions
	one    bool // sidecar, with all others
	from   string
	to     string
	arrive bool
}

func (f *lost) Name() string { return f.name }

func (f *lost) Inject(_ context.Context, w *world.World, random *rand.Rand) error {
	f.from, f.to = pair(random, w)
	if f.one {
		f.to = ""
	}
	f.arrive = random.IntN(2) == 0
	w.Trace.Printf("nothing passes from %s to %s any more", f.from, f.to)
	w.Network.Lose(f.from, f.to)
	if f.both {
		w.Network.Lose(f.to, f.from)
	}
	return nil
}

func (f *lost) Heal(_ context.Context, w *world.World) error {
	if !f.arrive {
		w.Network.Cut(f.from, f.to)
	}
	w.Network.Restore(f.from, f.to)
	w.Network.Restore(f.to, f.from)
	return nil
}
