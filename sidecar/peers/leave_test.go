package peers

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
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
