package flush

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

var away = postgres.Failure{Class: postgres.Unreachable, Retry: postgres.Transient}

// entering makes a lane ask for an attempt; the channel gets it.
func entering(t *testing.T, g *gate, lane int) <-chan attempt {
	t.Helper()
	got := make(chan attempt, 1)
	go func() {
		if a, err := g.enter(t.Context(), lane); err == nil {
			got <- a
		}
	}()
	synctest.Wait()
	return got
}

func entered(t *testing.T, what string, got <-chan attempt) attempt {
	t.Helper()
	synctest.Wait()
	select {
	case a := <-got:
		return a
	default:
		t.Fatalf("%s is kept back", what)
		return attempt{}
	}
}

func keptBack(t *testing.T, what string, got <-chan attempt) {
	t.Helper()
	synctest.Wait()
	select {
	case <-got:
		t.Fatalf("%s was let in", what)
	default:
	}
}

func TestOneLaneTriesForAllWhileTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, testPolicy, func() float64 { return 0 }, &journal{})
		g.failed(entered(t, "a first attempt", entering(t, g, 0)), away, true)

		probe := entered(t, "the attempt at once", entering(t, g, 0))
		other := entering(t, g, 1)
		keptBack(t, "the other lane, during the probe,", other)
		g.failed(probe, away, true)
		keptBack(t, "the other lane, before the delay is over,", other)
		time.Sleep(testPolicy.InitialDelay)
		probe = entered(t, "the other lane, after the delay,", other)
		first := entering(t, g, 0)
		keptBack(t, "the first lane, during the other's probe,", first)
		g.succeeded(probe)
		g.succeeded(entered(t, "the first lane, after the other's success,", first))
	})
}

func TestTwoAttemptsThatFailOfOneOutageCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		g := newGate(2, testPolicy, func() float64 { return 0 }, seen)
		first := entered(t, "lane 0", entering(t, g, 0))
		second := entered(t, "lane 1", entering(t, g, 1))
		g.failed(first, away, false)
		g.failed(second, away, false)
		if n := seen.condition().Failures; n != 1 {
			t.Errorf("%d failures counted", n)
		}
	})
}

func TestALaneThatGivesItsProbeBackLetsTheOtherTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, testPolicy, func() float64 { return 0 }, &journal{})
		g.failed(entered(t, "a first attempt", entering(t, g, 0)), away, true)
		probe := entered(t, "a probe", entering(t, g, 0))
		other := entering(t, g, 1)
		g.givenBack(probe)
		g.succeeded(entered(t, "the other lane", other))
	})
}

func TestASessionWithoutAWriteDoesNotEndAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		g := newGate(2, testPolicy, func() float64 { return 0 }, seen)
		forbidden := postgres.Failure{Class: postgres.NoPrivilege, Retry: postgres.Hold}
		g.failed(entered(t, "lane 0", entering(t, g, 0)), forbidden, false)
		g.nudge()
		g.settled(entered(t, "lane 1", entering(t, g, 1)))
		if c := seen.condition(); c.Phase != PhaseHeld {
			t.Errorf("phase %v", c.Phase)
		}
		g.nudge()
		g.succeeded(entered(t, "lane 0", entering(t, g, 0)))
		if c := seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("phase %v", c.Phase)
		}
	})
}
