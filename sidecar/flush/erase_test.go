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
