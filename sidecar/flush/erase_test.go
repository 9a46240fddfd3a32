package flush

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// longestErasurePause is the longest time between two attempts at a refused erasure.
const longestErasurePause = 10 * time.Minute

func TestALearnerIsErasedFromSpoolAndDatabase(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		put(t, f.buffer, 1, 2)
		e, err := f.Erase(t.Context(), key(1).UserID)
		if err != nil {
			t.Fatal(err)
		}
		if e.Pending != 1 || e.Confirmed != 1 || e.Rows != 1 || !e.DatabaseDone || e.Failure != nil {
			t.Errorf("erased %+v", e)
		}
		if n := len(f.buffer.PendingErasures()); n != 0 {
			t.Errorf("%d erasures are left", n)
		}
		after(interval)
		wantCounts(t, db, map[int]int64{1: 0, 2: 2})
	})
}

func TestAnErasureWhileTheDatabaseIsAwayIsFinishedWhenItIsBack(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		put(t, f.buffer, 1, 2)
		db.setTrouble(failing(sqlError("57P03"), "apply", "erase"), nil)
		after(interval) // the records are frozen and can't be written
		db.setTrouble(failing(sqlError("57P03"), "claim", "apply", "ask", "ping", "erase"), nil)
		e, err := f.Erase(t.Context(), key(1).UserID)
		if err != nil {
			t.Fatal(err)
		}
		if e.Frozen != 1 || e.Confirmed != 1 || e.DatabaseDone || e.Failure == nil {
			t.Errorf("erased %+v", e)
		}
		after(10 * time.Minute)
		if db.record(key(1)).UpdateCount != 1 || len(f.buffer.PendingErasures()) != 1 {
			t.Error("finished without the database")
		}
		db.setTrouble(nil, nil)
		after(2 * time.Minute)
		if n := len(f.buffer.PendingErasures()); n != 0 {
			t.Errorf("%d erasures are left", n)
		}
		wantCounts(t, db, map[int]int64{1: 0, 2: 2})
	})
}

func TestAnErasureThatAFailoverUndidHappensAgain(t *testing.T) {
	for _, c := range []struct {
		name     string
		trouble  time.Duration // that the sidecar sees
		batches  bool          // are lost, too
		patience time.Duration
	}{
		{"with an outage", 20 * time.Second, false, time.Minute},
		{"with an outage and lost batches", 20 * time.Second, true, 2 * time.Minute},
		{"with lost batches", 0, true, 2 * time.Minute},
		{"without a trace", 0, false, bufferPolicy.ReplayWindow + time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				save(t, f, 1, 2)
				rows, saved := db.snapshot()
				if e, err := f.Erase(t.Context(), key(1).UserID); err != nil || !e.DatabaseDone {
					t.Fatalf("%+v, %v", e, err)
				}
				if n := len(f.buffer.PendingErasures()); n != 0 {
					t.Errorf("%d erasures are pending", n)
				}
				back := int64(0)
				if c.batches {
					save(t, f, 1, 2) // the learner is back
					back = 1
				}
				if c.trouble > 0 {
					db.setTrouble(failing(sqlError("57P01"), "ping", "apply", "ask", "claim", "erase"), nil)
					after(c.trouble)
					db.setTrouble(nil, nil)
				}
				db.restore(rows, saved)
				after(c.patience)
				wantCounts(t, db, map[int]int64{1: back, 2: 1 + back})
			})
		})
	}
}

func TestWhatAnErasedLearnerDoesAfterAFailoverIsKept(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		rows, saved := db.snapshot()
		if _, err := f.Erase(t.Context(), key(1).UserID); err != nil {
			t.Fatal(err)
		}
		db.setTrouble(failing(sqlError("57P01"), "ping", "apply", "ask", "claim", "erase"), nil)
		put(t, f.buffer, 1, 2)
		after(interval)
		db.restore(rows, saved)
		db.setTrouble(nil, nil)
		after(2 * bufferPolicy.ReplayWindow)
		wantCounts(t, db, map[int]int64{1: 1, 2: 2})
	})
}

func TestAnErasureIsForgottenWhenNoFailoverCanUndoIt(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, _ *ledgerModel) {
		save(t, f, 1)
		if _, err := f.Erase(t.Context(), key(1).UserID); err != nil {
			t.Fatal(err)
		}
		after(bufferPolicy.ReplayWindow - time.Minute)
		if n := len(f.buffer.DoneErasures()); n != 1 {
			t.Errorf("%d erasures are known within the window", n)
		}
		after(2 * time.Minute)
		if n := len(f.buffer.DoneErasures()); n != 0 {
			t.Errorf("%d erasures are known after it", n)
		}
	})
}

func TestADatabaseThatRefusesToEraseHoldsNothingUp(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		if _, err := f.Erase(t.Context(), key(1).UserID); err != nil {
			t.Fatal(err)
		}
		db.setTrouble(failing(sqlError("42501"), "erase"), nil)
		f.Nudge() // as after an outage
		save(t, f, 2, 3)
		wantCounts(t, db, map[int]int64{1: 0, 2: 2, 3: 1})
	})
}

func TestAnErasureIsFinishedAlsoByAProcessThatWasFenced(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		db.setTrouble(failing(sqlError("57P03"), "erase"), nil)
		if e, err := f.Erase(t.Context(), key(1).UserID); err != nil || e.DatabaseDone {
			t.Fatalf("%+v, %v", e, err)
		}
		if _, err := db.Claim(t.Context(), "", "a newer process", f.buffer.Lanes(), nil); err != nil {
			t.Fatal(err)
		}
		put(t, f.buffer, 2)
		if failure := notSaved(t, f.Sync(t.Context(), buffer.Filter{})); failure.Class != ClassFenced {
			t.Fatalf("class %s", failure.Class)
		}
		after(time.Minute)
		db.setTrouble(nil, nil)
		after(time.Minute)
		wantCounts(t, db, map[int]int64{1: 0, 2: 1})
		if n := len(f.buffer.PendingErasures()); n != 0 {
			t.Errorf("%d erasures are left", n)
		}
	})
}

func TestAReplayThatHasBegunWritesNothingOfALearnerErasedMeanwhile(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		rows, saved := db.snapshot()
		save(t, f, 1, 2, 3, 4)
		save(t, f, 1, 2, 3, 4)
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		db.restore(rows, saved)
		f.Nudge()
		after(time.Minute)
		if len(f.seen.rewinds) == 0 {
			t.Fatal("no replay has begun")
		}
		if _, err := f.Erase(t.Context(), key(1).UserID); err != nil {
			t.Fatal(err)
		}
		db.setTrouble(nil, nil)
		after(3 * time.Minute)
		wantCounts(t, db, map[int]int64{1: 0, 2: 2, 3: 2, 4: 2})
	})
}

func TestAgainstPostgresALearnerIsErasedAmidWrites(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	for range 20 {
		put(t, b, learners(40)...)
		b.MakeDue(buffer.Filter{})
		e, err := f.Erase(t.Context(), key(7).UserID)
		if err != nil || !e.DatabaseDone {
			t.Fatalf("%+v, %v", e, err)
		}
		if got := sums(t, admin)[key(7).UserID]; got != [2]int64{} {
			t.Fatalf("the table still has %v", got)
		}
	}
	if n, err := f.Drain(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d left: %v", n, err)
	}
	got := sums(t, admin)
	for _, k := range learners(40) {
		want := [2]int64{20, 20}
		if k == 7 {
			want = [2]int64{}
		}
		if got[key(k).UserID] != want {
			t.Errorf("learner %d: saved %v, want %v", k, got[key(k).UserID], want)
		}
	}
}

// refusing lets the database refuse to erase some learners.
func refusing(state string, learners ...int) func(string, progress.Batch) error {
	return func(name string, b progress.Batch) error {
		if name != "erase" {
			return nil
		}
		for _, k := range learners {
			if b.Records[0].UserID == key(k).UserID {
				return sqlError(state)
			}
		}
		return nil
	}
}

func TestAnErasureThatIsRefusedKeepsNoOtherBack(t *testing.T) {
	for name, state := range map[string]string{
		"for its data": "22P02", "by a trigger": "P0001", "for a right": "42501", "for what the server can't do": "0A000",
		"for its time": "57014", "for a failure of the server's": "XX000",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				save(t, f, 1, 2, 3)
				db.setTrouble(failing(sqlError("57P03"), "claim", "apply", "ask", "ping", "erase"), nil)
				for _, k := range []int{1, 2, 3} {
					if e, err := f.Erase(t.Context(), key(k).UserID); err != nil || e.DatabaseDone {
						t.Fatalf("%+v, %v", e, err)
					}
				}
				db.setTrouble(refusing(state, 1), nil)
				after(2 * time.Minute)
				wantCounts(t, db, map[int]int64{1: 1, 2: 0, 3: 0})
				if p := f.buffer.PendingErasures(); len(p) != 1 || p[0].UserID != key(1).UserID {
					t.Errorf("pending are %v", p)
				}
				if n, why := f.seen.refused(); n != 1 || why == nil || why.SQLState != state {
					t.Errorf("%d refused, %+v", n, why)
				}
				if c := f.seen.condition(); c.Phase != PhaseWorking || c.Failure != nil {
					t.Errorf("the database is told to be %+v", c)
				}
				save(t, f, 4)
				db.setTrouble(nil, nil)
				after(longestErasurePause + time.Minute)
				wantCounts(t, db, map[int]int64{1: 0, 2: 0, 3: 0, 4: 1})
				if n, why := f.seen.refused(); n != 0 || why != nil {
					t.Errorf("%d refused, %+v", n, why)
				}
			})
		})
	}
}

func TestARefusedErasureIsTriedEverMoreSeldomAndAtOnceAfterAChange(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1)
		db.setTrouble(refusing("P0001", 1), nil)
		begin := time.Now()
		if e, err := f.Erase(t.Context(), key(1).UserID); err != nil || e.DatabaseDone || e.Failure == nil {
			t.Fatalf("%+v, %v", e, err)
		}
		after(time.Hour)
		if n := len(db.times("erase", begin)); n < 8 || n > 15 {
			t.Errorf("tried %d times in an hour", n)
		}
		db.setTrouble(nil, nil)
		f.Nudge()
		after(20 * time.Second)
		wantCounts(t, db, map[int]int64{1: 0})
	})
}

func TestAnErasureThatIsRefusedWhenItIsRepeatedKeepsNoOtherBack(t *testing.T) {
	for name, state := range map[string]string{"by a trigger": "P0001", "for its time": "57014"} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				save(t, f, 1, 2, 3)
				rows, saved := db.snapshot()
				for _, k := range []int{1, 2} {
					if e, err := f.Erase(t.Context(), key(k).UserID); err != nil || !e.DatabaseDone {
						t.Fatalf("%+v, %v", e, err)
					}
				}
				db.setTrouble(failing(sqlError("57P01"), "ping", "apply", "ask", "claim", "erase"), nil)
				after(20 * time.Second)
				db.restore(rows, saved)
				db.setTrouble(refusing(state, 1), nil)
				save(t, f, 3)
				after(2 * time.Minute)
				wantCounts(t, db, map[int]int64{1: 1, 2: 0, 3: 2})
				if n, _ := f.seen.refused(); n != 1 {
					t.Errorf("%d refused", n)
				}
				db.setTrouble(nil, nil)
				after(longestErasurePause)
				wantCounts(t, db, map[int]int64{1: 0, 2: 0, 3: 2})
			})
		})
	}
}

func TestADrainErasesWhoeverIsLeft(t *testing.T) {
	for _, c := range []struct {
		name  string
		state string
		left  []int
	}{
		{"all", "", nil},
		{"all but one that is refused", "P0001", []int{2}},
		{"all but several that are refused", "42501", []int{1, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				save(t, f, 1, 2, 3)
				db.setTrouble(failing(sqlError("57P03"), "ping", "erase"), nil)
				for _, k := range []int{1, 2, 3} {
					if e, err := f.Erase(t.Context(), key(k).UserID); err != nil || e.DatabaseDone {
						t.Fatalf("%+v, %v", e, err)
					}
				}
				db.setTrouble(refusing(c.state, c.left...), nil)
				err := f.DrainErasures(t.Context())
				want := map[int]int64{1: 0, 2: 0, 3: 0}
				for _, k := range c.left {
					want[k] = 1
				}
				wantCounts(t, db, want)
				left, ok := errors.AsType[*ErasuresError](err)
				if ok != (len(c.left) > 0) || ok && (left.Left != len(c.left) || left.Failure.SQLState != c.state) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestADrainTriesErasuresUntilTheEndWhileTheDatabaseIsAway(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		away := failing(sqlError("57P03"), "ping", "erase")
		db.setTrouble(away, nil)
		for _, k := range []int{1, 2} {
			if _, err := f.Erase(t.Context(), key(k).UserID); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begin := time.Now()
		err := f.DrainErasures(ctx)
		left, ok := errors.AsType[*ErasuresError](err)
		if !ok || left.Left != 2 || left.Failure.SQLState != "57P03" || time.Since(begin) < 19*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		time.AfterFunc(5*time.Second, func() { db.setTrouble(nil, nil) })
		if err := f.DrainErasures(t.Context()); err != nil {
			t.Error(err)
		}
		wantCounts(t, db, map[int]int64{1: 0, 2: 0})
	})
}

func TestAgainstPostgresAnErasureThatATriggerRefusesKeepsNoOtherBack(t *testing.T) {
	uri := pgtest.Database(t)
	admin := pgtest.Connect(t, uri)
	b := openBuffer(t, disktest.New(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	put(t, b, learners(5)...)
	if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, admin, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF OLD.user_id = '`+key(1).UserID+`' THEN RAISE EXCEPTION 'kept by law'; END IF; RETURN OLD; END $$;
		CREATE TRIGGER refuse BEFORE DELETE ON progress_sync.lesson_progress FOR EACH ROW EXECUTE FUNCTION refuse()`)
	for _, k := range []int{1, 2, 3} {
		if _, err := b.Erase(t.Context(), key(k).UserID); err != nil { // as if the answer to each had been 202
			t.Fatal(err)
		}
	}
	if err := f.erasures.Tend(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	got := sums(t, admin)
	for _, k := range []int{1, 2, 3, 4} {
		if _, there := got[key(k).UserID]; there != (k == 1 || k == 4) {
			t.Errorf("learner %d is there: %v", k, there)
		}
	}
	if n, why := f.seen.refused(); n != 1 || why == nil || why.SQLState != "P0001" {
		t.Errorf("%d refused, %+v", n, why)
	}
	pgtest.Execute(t, admin, "DROP TRIGGER refuse ON progress_sync.lesson_progress")
	if err := f.DrainErasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, there := sums(t, admin)[key(1).UserID]; there || len(b.PendingErasures()) != 0 {
		t.Error("learner 1 is not erased")
	}
}
