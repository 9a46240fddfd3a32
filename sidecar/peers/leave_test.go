package peers

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/test/kit"
)

// The learner's client has no answer of the one and repeats at the other: it must count
// once, though the one left when nobody else was there.
func TestWhoComesWhileTheOnlyOtherOneLeavesKnowsWhatThatHasMerged(t *testing.T) {
	t.Parallel()
	registry := newTable()
	a := newSidecar(t, registry, config.PeersAuto)
	a.run("a")
	a.knows(1)
	kit.Eventually(t, "a to merge", func() error {
		r := a.put(of("ada", "e"))
		return kit.Unless(!r.Stray && a.buffer.Stats().Strays == 0, r)
	})
	a.Leave(t.Context())
	b := newSidecar(t, registry, config.PeersAuto)
	b.run("b")
	b.knows(1)
	if r := b.put(of("ada", "e")); r.Err != nil {
		t.Fatal(r.Err)
	}
	a.AwaitLeft(t.Context(), false)
	a.stop()
	kit.Eventually(t, "b to know that nobody else comes", func() error {
		return kit.Unless(b.buffer.Stats().Strays == 0 && b.term.Load().handover.View().Merges("ada"), b.buffer.Stats())
	})
	if n := b.updates("ada"); n != 0 {
		t.Errorf("b counts it again: %d", n)
	}
}

// The others wait for who is on the roll: its learners' clients repeat at them what only it
// knows to be merged, until another process on its spool tells them.
func TestWhoCouldNotHandOverStaysOnTheRoll(t *testing.T) {
	t.Parallel()
	registry, a, b := pair(t)
	kit.Eventually(t, "both to merge", func() error { return kit.Unless(merges(a) && merges(b), nil) })
	a.put(of(learnerOf(a, a), "e"))
	b.stop()
	registry.mu.Lock()
	registry.rows[b.o.Writer] = members.Member{
		Writer: b.o.Writer, Owner: uuid.New(), Address: b.o.Address, Target: "t", Protocol: wire.Version, // killed and started again
	}
	registry.mu.Unlock()
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	a.Leave(short)
	a.AwaitLeft(short, false)
	a.stop()
	if row, found := registry.row(a.o.Writer); !found || !row.Leaving {
		t.Errorf("it is on the roll: %v, as one that leaves: %v", found, row.Leaving)
	}
}

func TestWhoHasHandedOverLeavesTheRoll(t *testing.T) {
	t.Parallel()
	registry, a, b := pair(t)
	kit.Eventually(t, "both to merge", func() error { return kit.Unless(merges(a) && merges(b), nil) })
	a.put(of(learnerOf(a, a), "e"))
	a.Leave(t.Context())
	a.AwaitLeft(t.Context(), false)
	a.stop()
	if _, found := registry.row(a.o.Writer); found {
		t.Error("it is on the roll still")
	}
}
