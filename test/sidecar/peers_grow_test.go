package sidecar

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sync/errgroup"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// A sidecar that has just come is unknown to the others until they have asked the
// registry. What it can't hand on meanwhile is a row more, or waits.
func TestAFleetThatGrowsHandsOnFromTheFirstUpdate(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 3)
	s := serviceOf(fleet)
	l := startRepeating(t, s, rand.Uint64())
	l.awaitAcknowledged(t, 100)
	var starts errgroup.Group
	for range 3 {
		joining, _ := newMember(t, uri, fast)
		starts.Go(func() error { return joining.Start(t.Context()) })
		fleet = append(fleet, joining)
	}
	if err := starts.Wait(); err != nil {
		t.Fatal(err)
	}
	s.set(fleet)
	acquainted(t, fleet, 6)
	l.awaitAcknowledged(t, 500)
	l.finish(t)
	for i, p := range fleet {
		kept := keptLocally(t, p)
		t.Logf("sidecar %d kept %v, handed on %d", i, kept, p.document(t).Peers.HandedOn)
		if kept["refused"] > 0 { // for a connection a slow machine may be too slow
			t.Errorf("sidecar %d is taken for none: %v", i, kept)
		}
	}
	allSaved(t, fleet)
	l.verify(t, uri)
}
