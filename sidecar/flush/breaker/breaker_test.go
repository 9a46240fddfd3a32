package breaker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

var backoff = Backoff{MaxRetries: 3, InitialDelay: 5 * time.Second, MaxDelay: time.Minute, Interval: 3 * time.Minute}

// journal has the last condition that was told.
type journal struct{ Condition }

func (*journal) Retried()                       {}
func (j *journal) ConditionChanged(c Condition) { j.Condition = c }

var away = postgres.Failure{Class: postgres.Unreachable, Retry: postgres.Transient}

// entering makes a lane ask for an attempt; the channel gets it.
func entering(t *testing.T, b *Breaker, lane int) <-chan Attempt {
	t.Helper()
	got := make(chan Attempt, 1)
	go func() {
		if a, ok := b.Admit(t.Context(), lane); ok {
			got <- a
		}
	}()
	synctest.Wait()
	return got
}

func entered(t *testing.T, what string, got <-chan Attempt) Attempt {
	t.Helper()
	synctest.Wait()
	select {
	case a := <-got:
		return a
	default:
		t.Fatalf("%s is kept back", what)
		return Attempt{}
	}
}

func keptBack(t *testing.T, what string, got <-chan Attempt) {
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
		b := New(2, backoff, func() float64 { return 0 }, &journal{})
		b.Report(entered(t, "a first attempt", entering(t, b, 0)), Outcome{Kind: Failed, Failure: away, AtLedger: true})

		probe := entered(t, "the attempt at once", entering(t, b, 0))
		other := entering(t, b, 1)
		keptBack(t, "the other lane, during the probe,", other)
		b.Report(probe, Outcome{Kind: Failed, Failure: away, AtLedger: true})
		keptBack(t, "the other lane, before the delay is over,", other)
		time.Sleep(backoff.InitialDelay)
		probe = entered(t, "the other lane, after the delay,", other)
		first := entering(t, b, 0)
		keptBack(t, "the first lane, during the other's probe,", first)
		b.Report(probe, Outcome{Kind: Wrote})
		b.Report(entered(t, "the first lane, after the other's success,", first), Outcome{Kind: Wrote})
	})
}

func TestTwoAttemptsThatFailOfOneOutageCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		b := New(2, backoff, func() float64 { return 0 }, seen)
		first := entered(t, "lane 0", entering(t, b, 0))
		second := entered(t, "lane 1", entering(t, b, 1))
		b.Report(first, Outcome{Kind: Failed, Failure: away})
		b.Report(second, Outcome{Kind: Failed, Failure: away})
		if n := seen.Failures; n != 1 {
			t.Errorf("%d failures counted", n)
		}
	})
}

func TestALaneThatGivesItsProbeBackLetsTheOtherTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2, backoff, func() float64 { return 0 }, &journal{})
		b.Report(entered(t, "a first attempt", entering(t, b, 0)), Outcome{Kind: Failed, Failure: away, AtLedger: true})
		probe := entered(t, "a probe", entering(t, b, 0))
		other := entering(t, b, 1)
		b.Report(probe, Outcome{Kind: Abandoned})
		b.Report(entered(t, "the other lane", other), Outcome{Kind: Wrote})
	})
}

func TestASessionWithoutAWriteDoesNotEndAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		b := New(2, backoff, func() float64 { return 0 }, seen)
		forbidden := postgres.Failure{Class: postgres.NoPrivilege, Retry: postgres.Hold}
		b.Report(entered(t, "lane 0", entering(t, b, 0)), Outcome{Kind: Failed, Failure: forbidden})
		b.Nudge()
		b.Report(entered(t, "lane 1", entering(t, b, 1)), Outcome{Kind: Reached})
		if c := seen.Condition; c.Phase != PhaseHeld {
			t.Errorf("phase %v", c.Phase)
		}
		b.Nudge()
		b.Report(entered(t, "lane 0", entering(t, b, 0)), Outcome{Kind: Wrote})
		if c := seen.Condition; c.Phase != PhaseWorking {
			t.Errorf("phase %v", c.Phase)
		}
	})
}
