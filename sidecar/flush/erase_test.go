package flush

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

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
		after(bufferPolicy.Interval)
		wantCounts(t, db, map[int]int64{1: 0, 2: 2})
	})
}

func TestAnErasureWhileTheDatabaseIsAwayIsFinishedWhenItIsBack(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		put(t, f.buffer, 1, 2)
		db.setTrouble(failing(sqlError("57P03"), "claim", "apply", "ask", "ping", "erase"), nil)
		after(bufferPolicy.Interval) // the records are frozen and can't be written
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
		after(bufferPolicy.Interval)
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
	admin := connect(t, uri)
	b := openBuffer(t, vfs.NewMem(), bufferPolicy)
	f := start(t, b, openDatabase(t, uri), quick)
	for range 20 {
		put(t, b, learners(40)...)
		b.MarkDue(buffer.Filter{})
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
