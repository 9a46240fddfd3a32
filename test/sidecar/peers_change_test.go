package sidecar

import (
	"math/rand/v2"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestHomesThatAreKilledUnderLoadLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 3)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1000))
	l := startRepeating(t, serviceOf(fleet), seed)
	for range 6 {
		// At a moment that has nothing to do with the load.
		l.awaitAcknowledged(t, 1+random.Int64N(400))
		killed := fleet[random.IntN(len(fleet))]
		killed.Kill()
		l.awaitAcknowledged(t, random.Int64N(20))
		killed.start(t)
	}
	l.finish(t)
	acquainted(t, fleet, len(fleet))
	allSaved(t, fleet)
	l.verify(t, uri)
}

func TestARollingRestartUnderLoadLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 3)
	l := startRepeating(t, serviceOf(fleet), rand.Uint64())
	for _, p := range fleet {
		l.awaitAcknowledged(t, 300)
		p.terminate(t)
		l.awaitAcknowledged(t, 100)
		p.start(t)
	}
	l.awaitAcknowledged(t, 300)
	l.finish(t)
	acquainted(t, fleet, len(fleet))
	allSaved(t, fleet)
	l.verify(t, uri)
}

func TestASidecarThatComesAndOneThatGoesForGoodUnderLoadLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 2)
	s := serviceOf(fleet)
	l := startRepeating(t, s, rand.Uint64())
	l.awaitAcknowledged(t, 300)
	joining, _ := newMember(t, uri, fast)
	joining.start(t)
	fleet = append(fleet, joining)
	s.set(fleet)
	acquainted(t, fleet, 3)
	l.awaitAcknowledged(t, 300)
	fleet[0].terminate(t) // still in the service, as for a moment in a cluster
	fleet = fleet[1:]
	s.set(fleet)
	l.awaitAcknowledged(t, 300)
	l.finish(t)
	allSaved(t, fleet)
	l.verify(t, uri)
}
