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

func TestASignOfLifeEndsAStreakOnlyWhenNothingIsLeftToWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		b := New(2, backoff, func() float64 { return 0 }, seen)
		b.Report(entered(t, "a first attempt", entering(t, b, 0)), Outcome{Kind: Failed, Failure: away, AtLedger: true})
		b.Checked(nil)
		if seen.Phase != PhaseRetrying || seen.Failures != 1 || *seen.Reachable {
			t.Errorf("a check that began before the failure made it %+v", seen.Condition)
		}
		b.Rest(0)
		b.Checked(nil)
		if seen.Phase != PhaseWorking || seen.Failure != nil || !*seen.Reachable {
			t.Errorf("with nothing left to write, the condition is %+v", seen.Condition)
		}
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

// doubted is the outcome of a lane that holds nothing but doubts, so far with so much
// written.
func doubted(against bool, written uint64) Outcome {
	return Outcome{
		Kind: Doubted, Failure: postgres.Failure{Class: postgres.BadData, Retry: postgres.Suspect}, Written: written,
		Doubt: Doubt{AgainstTable: against, Quiet: true, Final: true},
	}
}

func TestALaneWhoseTableRefusesAllTriesOnceAMinuteOrWhenAnotherHasWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(2, backoff, func() float64 { return 0 }, &journal{})
		b.Report(entered(t, "lane 0", entering(t, b, 0)), doubted(true, 5))
		again := entering(t, b, 0)
		keptBack(t, "lane 0, before the minute is over,", again)
		time.Sleep(time.Minute)
		a := entered(t, "lane 0, after a minute,", again)
		if !a.Probe {
			t.Error("it may not try what is in doubt")
		}
		b.Report(a, doubted(true, 5))
		again = entering(t, b, 0)
		keptBack(t, "lane 0, in the second minute,", again)
		b.Report(entered(t, "lane 1", entering(t, b, 1)), Outcome{Kind: Wrote, Written: 6})
		if a := entered(t, "lane 0, after the other has written,", again); a.Probe {
			t.Error("it tries what is in doubt as if nothing had been written")
		}
	})
}

func TestADoubtIsToldUntilSomethingIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		b := New(2, backoff, func() float64 { return 0 }, seen)
		b.Report(entered(t, "lane 0", entering(t, b, 0)), doubted(false, 5))
		if seen.Phase != PhaseHeld {
			t.Errorf("phase %v", seen.Phase)
		}
		if _, failed := b.FailedSince(0); !failed || !b.UndecidedSince(0) || !b.Quiet(0) {
			t.Error("who waits for the lane is not told")
		}
		b.Report(entered(t, "lane 0 again", entering(t, b, 0)), Outcome{Kind: Reached, Written: 5})
		if seen.Phase != PhaseHeld {
			t.Errorf("phase %v after an attempt that wrote nothing", seen.Phase)
		}
		b.Report(entered(t, "lane 0 again", entering(t, b, 0)), Outcome{Kind: Wrote, Written: 6})
		if seen.Phase != PhaseWorking {
			t.Errorf("phase %v after a write", seen.Phase)
		}
	})
}

func TestNobodyIsAdmittedAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &journal{}
		b := New(1, backoff, func() float64 { return 0 }, seen)
		taken := postgres.Failure{Class: "Fenced", Retry: postgres.Hold}
		b.Report(entered(t, "lane 0", entering(t, b, 0)), Outcome{Kind: Stopped, Failure: taken})
		if _, ok := b.Admit(t.Context(), 0); ok || !b.Stopped() || seen.Phase != PhaseStopped {
			t.Errorf("admitted: %v, phase %v", ok, seen.Phase)
		}
	})
}
