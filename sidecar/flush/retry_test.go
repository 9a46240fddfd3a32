package flush

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// run gives the test a Flusher in a bubble of fake time, with a real buffer on
// a disk in memory and a model of the database.
func run(t *testing.T, test func(t *testing.T, f *fixture, db *ledgerModel)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		b := openBuffer(t, disktest.New(), bufferPolicy)
		f := start(t, b, db, testPolicy)
		synctest.Wait()
		test(t, f, db)
	})
}

// failing fails the calls of the given names.
func failing(err error, calls ...string) func(string, progress.Batch) error {
	return func(call string, _ progress.Batch) error {
		if slices.Contains(calls, call) {
			return err
		}
		return nil
	}
}

// after lets so much fake time pass and everything come to rest.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func seconds(s ...int) []time.Duration {
	var all []time.Duration
	for _, n := range s {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}

func TestARecordIsWrittenWhenItsIntervalEnds(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		begin := time.Now()
		put(t, f.buffer, 1)
		after(time.Minute)
		put(t, f.buffer, 1)
		after(3 * time.Minute)
		if diff := cmp.Diff(seconds(180), db.times("apply", begin)); diff != "" {
			t.Errorf("moments of the writes (-want +got):\n%s", diff)
		}
		if got := db.record(key(1)); got.UpdateCount != 2 || got.SeekEvents != 2 {
			t.Errorf("saved %+v", got)
		}
		if s := f.buffer.Stats(); s.Pending+s.InFlight != 0 {
			t.Errorf("left over: %+v", s)
		}
		if len(f.seen.saved) != 1 || f.seen.rows != 1 {
			t.Errorf("reported %d batches, %d rows", len(f.seen.saved), f.seen.rows)
		}
	})
}

func TestFailedWritesAreRetriedThenParkedThenRecovered(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		put(t, f.buffer, 1)
		begin := time.Now().Add(interval)
		after(interval + 4*time.Minute)
		if diff := cmp.Diff(seconds(0, 0, 5, 15, 35, 95, 155, 215), db.times("apply", begin)); diff != "" {
			t.Errorf("moments of the attempts (-want +got):\n%s", diff)
		}
		c := f.seen.condition()
		if c.Phase != PhaseParked || c.Failures != 8 || c.Failure.Class != postgres.ShuttingDown || *c.Reachable {
			t.Errorf("condition %+v", c)
		}
		if got := c.NextAttempt.Sub(begin); got != 275*time.Second {
			t.Errorf("next attempt after %v", got)
		}
		db.setTrouble(nil, nil)
		after(time.Minute)
		c = f.seen.condition()
		if c.Phase != PhaseWorking || c.Failure != nil || !*c.Reachable {
			t.Errorf("condition after the recovery %+v", c)
		}
		if db.record(key(1)).UpdateCount != 1 {
			t.Error("not saved exactly once after the recovery")
		}
		if diff := cmp.Diff([]Phase{PhaseWorking, PhaseRetrying, PhaseParked, PhaseWorking}, f.seen.phases()); diff != "" {
			t.Errorf("phases (-want +got):\n%s", diff)
		}
	})
}

func TestWhileParkedTheLanesShareOneProbe(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, 1, 2, 3, 4, 5, 6, 7, 8)
		for lane := range f.buffer.Lanes() {
			if _, ok := f.buffer.NextDue(lane); !ok {
				t.Fatalf("nothing waits in lane %d", lane)
			}
		}
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		after(interval)
		begin := time.Now()
		after(10 * time.Minute)
		var late []time.Duration
		for _, at := range db.times("apply", begin) {
			if at > 0 {
				late = append(late, at)
			}
		}
		want := seconds(5, 15, 35, 95, 155, 215, 275, 335, 395, 455, 515, 575)
		if diff := cmp.Diff(want, late); diff != "" {
			t.Errorf("moments of the attempts of both lanes (-want +got):\n%s", diff)
		}
		db.setTrouble(nil, nil)
		after(time.Minute)
		if s := f.buffer.Stats(); s.Pending+s.InFlight != 0 {
			t.Errorf("left over after the recovery: %+v", s)
		}
	})
}

func TestAConflictKeepsOnlyItsLaneBack(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, 1, 2, 3, 4, 5, 6, 7, 8)
		db.setTrouble(func(call string, b progress.Batch) error {
			if call == "apply" && b.Lane == 0 {
				return sqlError("40P01")
			}
			return nil
		}, nil)
		after(interval + time.Minute)
		if len(f.buffer.Frozen(1)) != 0 || f.buffer.Applied(1) == 0 {
			t.Error("lane 1 was kept back by lane 0's conflict")
		}
		if c := f.seen.condition(); c.Phase != PhaseParked || !*c.Reachable {
			t.Errorf("condition %+v", c)
		}
		db.setTrouble(nil, nil)
		after(time.Minute)
		if s := f.buffer.Stats(); s.Pending+s.InFlight != 0 {
			t.Errorf("left over: %+v", s)
		}
	})
}

func TestALostAnswerIsMadeGoodByTheLedger(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		lost := 0
		db.setTrouble(nil, func(progress.Batch) error {
			if lost++; lost == 1 {
				return errors.Join(errors.New("connection reset"), sqlError("08006"))
			}
			return nil
		})
		put(t, f.buffer, 1)
		after(interval)
		if got := db.record(key(1)); got.UpdateCount != 1 {
			t.Errorf("saved %d times", got.UpdateCount)
		}
		if f.buffer.Stats().InFlight != 0 {
			t.Error("the batch was not confirmed")
		}
	})
}

func TestBadDataIsIsolatedAndTheRestIsWritten(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		bad := key(5)
		db.setTrouble(func(_ string, b progress.Batch) error {
			for _, r := range b.Records {
				if r.Key == bad {
					return sqlError("22003")
				}
			}
			return nil
		}, nil)
		put(t, f.buffer, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
		after(interval)
		for i := 1; i <= 12; i++ {
			want := int64(1)
			if key(i) == bad {
				want = 0
			}
			if got := db.record(key(i)).UpdateCount; got != want {
				t.Errorf("learner %d: saved %d times, want %d", i, got, want)
			}
		}
		s := f.buffer.Stats()
		if s.DeadLetters != 1 || s.Pending+s.InFlight != 0 {
			t.Errorf("left %+v", s)
		}
		if len(f.seen.quarantined) != 1 || f.seen.quarantined[0].SQLState != "22003" || f.seen.splits == 0 {
			t.Errorf("reported %+v and %d splits", f.seen.quarantined, f.seen.splits)
		}
		if c := f.seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("phase %v", c.Phase)
		}
	})
}

func TestWhatAPersonMustMendIsHeldAndProbed(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("42501"), "apply"), nil)
		put(t, f.buffer, 1)
		begin := time.Now().Add(interval)
		after(interval + 150*time.Second)
		if diff := cmp.Diff(seconds(0, 60, 120), db.times("apply", begin)); diff != "" {
			t.Errorf("moments of the attempts (-want +got):\n%s", diff)
		}
		if c := f.seen.condition(); c.Phase != PhaseHeld || c.Failure.Message == "" || !*c.Reachable {
			t.Errorf("condition %+v", c)
		}
		db.setTrouble(nil, nil)
		f.Nudge()
		synctest.Wait()
		if db.record(key(1)).UpdateCount != 1 {
			t.Error("a nudge did not lead to an attempt")
		}
	})
}

func TestADatabaseThatIsAwayAtStartIsFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		db.setTrouble(failing(sqlError("57P03"), "claim", "ping", "apply", "ask"), nil)
		b := openBuffer(t, disktest.New(), bufferPolicy)
		f := start(t, b, db, testPolicy)
		begin := time.Now()
		after(10 * time.Minute)
		c := f.seen.condition()
		if c.Phase != PhaseWorking || c.Reachable == nil || *c.Reachable || c.Failure == nil {
			t.Errorf("condition of an idle sidecar %+v", c)
		}
		if n := len(db.times("claim", begin)); n < 5 || n > 40 {
			t.Errorf("%d attempts to connect in 10 minutes", n)
		}
		db.setTrouble(nil, nil)
		after(time.Minute)
		if c := f.seen.condition(); !*c.Reachable || c.Failure != nil {
			t.Errorf("condition after the database came up %+v", c)
		}
	})
}

func TestAnIdleSidecarAsksForASignOfLifeNowAndThen(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		if c := f.seen.condition(); c.Reachable == nil || !*c.Reachable {
			t.Fatalf("reachability is not known at start: %+v", c)
		}
		begin := time.Now()
		after(10 * time.Minute)
		if n := len(db.times("ping", begin)); n < 35 || n > 45 {
			t.Errorf("%d pings in 10 minutes", n)
		}
		if n := len(db.times("apply", begin)) + len(db.times("ask", begin)) + len(db.times("claim", begin.Add(time.Nanosecond))); n > 1 {
			t.Errorf("%d other calls of an idle sidecar", n)
		}
		db.setTrouble(failing(sqlError("57P03"), "ping", "claim", "ask"), nil)
		after(16 * time.Second)
		if c := f.seen.condition(); *c.Reachable || c.Phase != PhaseWorking {
			t.Errorf("condition %+v", c)
		}
		db.setTrouble(nil, nil)
		after(time.Minute)
		if c := f.seen.condition(); !*c.Reachable {
			t.Errorf("condition %+v", c)
		}
	})
}

func TestADiskErrorEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBuffer(t, disktest.New(), bufferPolicy)
		f := New(Options{Buffer: &brokenBuffer{b}, Database: newLedgerModel(), Policy: testPolicy, Observer: &journal{}})
		put(t, b, 1)
		b.MakeDue(buffer.Filter{})
		if err := f.Run(t.Context()); !errors.Is(err, buffer.ErrFailed) {
			t.Errorf("Run returned %v", err)
		}
	})
}

type brokenBuffer struct{ *buffer.Buffer }

func (b *brokenBuffer) ConfirmThrough(int, uint64) error { return buffer.ErrFailed }

// silentDatabase never answers a round.
type silentDatabase struct{ *ledgerModel }

func (silentDatabase) ApplyRound(ctx context.Context, _, _ string, _ uint64, _ []progress.Batch) ([]postgres.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWhatAShutdownCutsShortIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openBuffer(t, disktest.New(), bufferPolicy)
		f := start(t, b, silentDatabase{newLedgerModel()}, testPolicy)
		put(t, b, 1)
		after(interval)
		if err := f.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if f.seen.failures != 0 {
			t.Errorf("%d failures reported", f.seen.failures)
		}
		if s := b.Stats(); s.InFlight != 1 {
			t.Errorf("kept %+v", s)
		}
	})
}
