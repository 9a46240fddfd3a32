package inject

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/progress-sync/progress-sync/test/fault/world"
)

// Fault is one kind of failure. All methods are called by one goroutine.
type Fault interface {
	// Name in the report.
	Name() string
	// Prepare runs once. ErrImpossible says that this machine can't have the
	// fault.
	Prepare(context.Context, *world.World) error
	// Inject does the damage.
	Inject(context.Context, *world.World, *rand.Rand) error
	// Heal runs some time after Inject, and leaves the world whole.
	Heal(context.Context, *world.World) error
}

// ErrImpossible is wrapped by Prepare.
var ErrImpossible = errors.New("not possible on this machine")

func impossible(why string) error { return fmt.Errorf("%w: %s", ErrImpossible, why) }

// Crashes end sidecars, and nothing is left to heal. They happen at any time,
// during the other faults too.
func Crashes() []Fault {
	return []Fault{kill{}, kill{}, kill{}, kill{}, &terminate{}, terminateStarting{}, homeKilled{}, homeKilled{}, homeKilled{}}
}

// Hops are the faults between sidecars that are peers. They happen one after the other,
// and during all others.
func Hops() []Fault {
	return []Fault{
		hopAnswer{}, hopAnswer{},
		hopsCut{},
		&lost{name: "connections of a sidecar to others stalled", both: true, one: true},
		&lost{name: "two sidecars parted", both: true},
		&lost{name: "one sidecar not heard by another"},
		&lost{name: "one sidecar not heard by any other", one: true},
		rolling{},
		&departure{}, &departure{},
	}
}

// Receiving are the faults of the receiver of events, and of sidecars that send to it. They
// happen one after the other, and during all others.
func Receiving() []Fault {
	return []Fault{
		receiverAway{}, receiverSlow{}, receiverCut{}, poison{}, secretChanged{}, senderKilled{}, senderKilled{taken: true},
	}
}

// All are the other faults. They happen one after the other.
func All() []Fault {
	return []Fault{
		&postgresStop{name: "Postgres stopped (fast)"},
		&postgresStop{name: "Postgres stopped (immediate)", immediate: true},
		&backends{},
		&commitAnswer{},
		lineCut{},
		lineStalled{},
		frozen{},
		&failover{name: "switched to the replica (clean)"},
		&failover{name: "primary killed, lagging replica promoted", lagging: true},
		&conflicts{name: "deadlocks with a second writer"},
		&conflicts{name: "serialization failures", serializable: true},
		connectionLimit{},
		&rotation{},
		tableMissing{},
		rightsMissing{},
		registryMissing{},
		&trigger{name: "a trigger refuses some learners", does: "RAISE EXCEPTION ''no''"},
		&trigger{name: "a trigger refuses everybody", does: "RAISE EXCEPTION ''no'' USING ERRCODE = ''LMS01''", all: true},
		&trigger{name: "a trigger swallows some learners' rows", does: "RETURN NULL"},
		&refusalAnswer{trigger{name: "connections cut behind a refusal", does: "RAISE EXCEPTION ''no''"}},
		sequenceUsedUp{},
		&bouncer{},
		&diskFull{},
		&clock{},
		&copiedSpool{},
		&configuration{},
	}
}

// nothing is for faults that need no preparation.
type nothing struct{}

func (nothing) Prepare(context.Context, *world.World) error { return nil }

// lasting is for faults that have nothing to heal.
type lasting struct{}

func (lasting) Heal(context.Context, *world.World) error { return nil }

// between is a random duration.
func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

// rest waits, or less if ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func anyOf(random *rand.Rand, w *world.World) *world.Sidecar {
	return w.Sidecars[random.IntN(len(w.Sidecars))]
}
