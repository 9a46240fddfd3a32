package flush

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// save accepts an update for each key and waits until it is in the database.
func save(t *testing.T, f *fixture, keys ...int) {
	t.Helper()
	put(t, f.buffer, keys...)
	if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
		t.Fatal(err)
	}
}

func wantCounts(t *testing.T, db *ledgerModel, counts map[int]int64) {
	t.Helper()
	got := map[int]int64{}
	for k := range counts {
		got[k] = db.record(key(k)).UpdateCount
	}
	if diff := cmp.Diff(counts, got); diff != "" {
		t.Errorf("updates saved for each learner (-want +got):\n%s", diff)
	}
}

func TestAFailoverToALaggingReplicaIsMadeGoodWithTheNextWrite(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2, 3, 4)
		rows, saved := db.snapshot()
		save(t, f, 1, 2)
		save(t, f, 3, 4)
		save(t, f, 1, 5)
		db.restore(rows, saved)

		save(t, f, 1, 2, 3, 4, 5, 6, 7)
		synctest.Wait()
		wantCounts(t, db, map[int]int64{1: 4, 2: 3, 3: 3, 4: 3, 5: 2, 6: 1, 7: 1})
		if len(f.seen.rewinds) == 0 || f.seen.replayed == 0 {
			t.Errorf("not reported: %+v, %d replayed", f.seen.rewinds, f.seen.replayed)
		}
		for _, r := range f.seen.rewinds {
			if !r.Complete {
				t.Errorf("reported as incomplete: %+v", r)
			}
		}
	})
}

func TestAFailoverIsMadeGoodWithoutAFurtherWrite(t *testing.T) {
	for _, c := range []struct {
		name    string
		trouble time.Duration
	}{
		{"after an outage that the sidecar saw", 20 * time.Second},
		{"after one that it did not see", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				save(t, f, 1, 2, 3, 4)
				rows, saved := db.snapshot()
				save(t, f, 1, 2, 3, 4)
				if c.trouble > 0 {
					db.setTrouble(failing(sqlError("57P01"), "ping", "apply", "ask", "claim"), nil)
					after(c.trouble)
					db.setTrouble(nil, nil)
				}
				db.restore(rows, saved)
				after(2 * time.Minute)
				wantCounts(t, db, map[int]int64{1: 2, 2: 2, 3: 2, 4: 2})
			})
		})
	}
}

func TestAnOutageLongerThanTheReplayWindowLosesNothing(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2, 3, 4)
		rows, saved := db.snapshot()
		save(t, f, 1, 2, 3, 4)
		db.setTrouble(failing(sqlError("57P03"), "ping", "apply", "ask", "claim"), nil)
		after(2 * bufferPolicy.ReplayWindow)
		db.restore(rows, saved)
		db.setTrouble(nil, nil)
		after(2 * time.Minute)
		wantCounts(t, db, map[int]int64{1: 2, 2: 2, 3: 2, 4: 2})
	})
}

func TestADatabaseThatLostTheLedgerRowsGetsWhatIsKept(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2, 3, 4)
		db.restore(map[int]ledgerRow{}, map[progress.Key]progress.Record{})
		save(t, f, 1, 2, 5, 6)
		synctest.Wait()
		wantCounts(t, db, map[int]int64{1: 2, 2: 2, 3: 1, 4: 1, 5: 1, 6: 1})
	})
}

func TestAReplayThatIsNotCompleteIsReportedAndWritingGoesOn(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		p := bufferPolicy
		p.ReplayWindow = 0
		f.buffer.SetPolicy(p)
		save(t, f, 1, 2, 3, 4)
		save(t, f, 1, 2, 3, 4)
		db.restore(map[int]ledgerRow{}, map[progress.Key]progress.Record{})
		save(t, f, 1, 2, 3, 4)
		save(t, f, 1, 2, 3, 4)
		wantCounts(t, db, map[int]int64{1: 2, 2: 2, 3: 2, 4: 2})
		for lane := range f.buffer.Lanes() {
			if got, want := db.rows[lane].number, f.buffer.Applied(lane); got != want {
				t.Errorf("lane %d: the ledger is at %d, the spool at %d", lane, got, want)
			}
		}
		if len(f.seen.rewinds) == 0 {
			t.Fatal("not reported")
		}
		for _, r := range f.seen.rewinds {
			if r.Complete || r.Kept != 0 || r.Applied != 2 || r.Ledger != 0 {
				t.Errorf("reported %+v", r)
			}
		}
	})
}

func TestAnOlderProcessIsFencedAndStopsForGood(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1)
		if _, err := db.Claim(t.Context(), "", "a newer process", f.buffer.Lanes(), nil); err != nil {
			t.Fatal(err)
		}
		put(t, f.buffer, 1, 2, 3)
		begin := time.Now()
		err := f.Sync(t.Context(), buffer.Filter{})
		if failure := notSaved(t, err); failure.Class != ClassFenced {
			t.Errorf("class %s", failure.Class)
		}
		after(time.Hour)
		if n := len(db.times("claim", begin)) + len(db.times("apply", begin)); n > 6 {
			t.Errorf("%d calls in all", n)
		}
		if c := f.seen.condition(); c.Phase != PhaseStopped {
			t.Errorf("phase %v", c.Phase)
		}
		wantCounts(t, db, map[int]int64{1: 1, 2: 0, 3: 0})
		if s := f.buffer.Stats(); s.Pending+s.InFlight != 3 {
			t.Errorf("kept %+v", s)
		}
		if err := f.Sync(t.Context(), buffer.Filter{}); notSaved(t, err).Class != ClassFenced {
			t.Errorf("a later sync: %v", err)
		}
		if n, err := f.Drain(t.Context()); n != 3 || notSaved(t, err).Class != ClassFenced {
			t.Errorf("drained to %d, %v", n, err)
		}
	})
}

func TestAStaleSpoolIsHeldAndNothingOfItWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		disk := disktest.New()
		b := openBuffer(t, disk, bufferPolicy)
		f := start(t, b, db, testPolicy)
		save(t, f, 1, 2, 3, 4)
		old := disk.Crashed(0, nil)
		save(t, f, 1, 2, 3, 4)
		save(t, f, 1, 2, 3, 4)

		stale := openBuffer(t, old, bufferPolicy)
		g := start(t, stale, db, testPolicy)
		put(t, stale, 1, 2, 3, 4)
		if err := g.Sync(t.Context(), buffer.Filter{}); notSaved(t, err).Class != ClassStaleSpool {
			t.Errorf("sync: %v", err)
		}
		after(10 * time.Minute)
		if c := g.seen.condition(); c.Phase != PhaseHeld || c.Failure.Class != ClassStaleSpool {
			t.Errorf("condition %+v", c)
		}
		wantCounts(t, db, map[int]int64{1: 3, 2: 3, 3: 3, 4: 3})
		if s := stale.Stats(); s.Pending != 4 {
			t.Errorf("kept %+v", s)
		}
		// The process that has the spool has not noticed.
		save(t, f, 1, 2, 3, 4)
		if c := f.seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("the spool's own process: %+v", c)
		}
	})
}

func TestAStaleSpoolThatHasNothingToWriteSaysSoAndFencesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		disk := disktest.New()
		f := start(t, openBuffer(t, disk, bufferPolicy), db, testPolicy)
		save(t, f, 1)
		old := disk.Crashed(0, nil)
		save(t, f, 1) // of one lane
		g := start(t, openBuffer(t, old, bufferPolicy), db, testPolicy)
		after(10 * time.Minute)
		if c := g.seen.condition(); c.Phase != PhaseHeld || c.Failure.Class != ClassStaleSpool {
			t.Errorf("condition %+v", c)
		}
		save(t, f, 1, 2, 3, 4)
		if c := f.seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("the spool's own process: %+v", c)
		}
	})
}

func TestAProcessThatDiedBeforeItsConfirmGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		disk := disktest.New()
		b := openBuffer(t, disk, bufferPolicy)
		f := start(t, b, db, testPolicy)
		save(t, f, 1, 2, 3, 4)
		var after *disktest.Disk
		db.setTrouble(nil, func(progress.Batch) error {
			after = disk.Crashed(0, nil)
			return nil
		})
		save(t, f, 1)
		_ = f.stop()

		db.setTrouble(nil, nil)
		again := openBuffer(t, after, bufferPolicy)
		if again.Stats().InFlight != 1 {
			t.Fatalf("the clone has nothing in flight: %+v", again.Stats())
		}
		g := start(t, again, db, testPolicy)
		synctest.Wait()
		if s := again.Stats(); s.InFlight != 0 {
			t.Errorf("not confirmed: %+v", s)
		}
		wantCounts(t, db, map[int]int64{1: 2, 2: 1, 3: 1, 4: 1})
		if len(g.seen.saved) != 1 {
			t.Errorf("%d batches reported", len(g.seen.saved))
		}
	})
}

func TestADatabaseThatFellBackToBeforeTheClaimAndLostNoBatchIsClaimedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		disk := disktest.New()
		first := openBuffer(t, disk, bufferPolicy)
		f := start(t, first, db, testPolicy)
		save(t, f, 1, 2, 3, 4)
		rows, saved := db.snapshot()
		_ = f.stop()
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}

		g := start(t, openBuffer(t, disk, bufferPolicy), db, testPolicy)
		synctest.Wait() // until it has claimed
		db.restore(rows, saved)
		save(t, g, 1, 2, 3, 4)
		wantCounts(t, db, map[int]int64{1: 2, 2: 2, 3: 2, 4: 2})
		if c := g.seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("condition %+v", c)
		}
	})
}

// twins are two processes on copies of one spool.
func twins(t *testing.T, db *ledgerModel) (a, b *fixture) {
	t.Helper()
	disk := disktest.New()
	original := openBuffer(t, disk, bufferPolicy)
	a = start(t, original, db, testPolicy)
	save(t, a, 1, 2, 3, 4)
	copied := disk.Crashed(0, nil)
	b = start(t, openBuffer(t, copied, bufferPolicy), db, testPolicy)
	synctest.Wait()
	return a, b
}

func TestLiveCopiesOfASpoolDoNotFightForTheLedger(t *testing.T) {
	for _, c := range []struct {
		name     string
		fallBack bool
	}{
		{"as they are", false},
		{"when the database falls back to before both claims", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := newLedgerModel()
				if _, err := db.Claim(t.Context(), "", "an earlier process", 2, nil); err != nil {
					t.Fatal(err)
				}
				rows, saved := db.snapshot()
				a, b := twins(t, db)
				if c.fallBack {
					db.restore(rows, saved)
				}
				before := len(db.times("claim", time.Now()))
				put(t, a.buffer, 1, 2, 3, 4)
				put(t, b.buffer, 1, 2, 3, 4)
				after(time.Hour)
				stopped := 0
				for _, f := range []*fixture{a, b} {
					if f.seen.condition().Phase == PhaseStopped {
						stopped++
					}
				}
				if stopped != 1 {
					t.Errorf("%d of the two have stopped, want 1", stopped)
				}
				if n := len(db.times("claim", time.Now())) - before; n > 2 {
					t.Errorf("%d claims within the hour, want one for each at most", n)
				}
			})
		})
	}
}

func TestACopyThatFrozeOtherRecordsUnderAnAppliedNumberIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newLedgerModel()
		disk := disktest.New()
		original := openBuffer(t, disk, bufferPolicy)
		f := start(t, original, db, testPolicy)
		save(t, f, 1, 2, 3, 4)
		_ = f.stop()
		if err := original.Close(); err != nil {
			t.Fatal(err)
		}
		copied := disk.Crashed(0, nil)
		original = openBuffer(t, disk, bufferPolicy)
		g := start(t, original, db, testPolicy)

		// The copy freezes while it can't reach the database.
		twin := openBuffer(t, copied, bufferPolicy)
		put(t, twin, 1, 2, 3, 4)
		for lane := range twin.Lanes() {
			twin.MakeDue(buffer.Filter{})
			if round, err := twin.FreezeRound(lane, time.Now(), 10, 1); err != nil || len(round) != 1 {
				t.Fatalf("froze %v, %v", round, err)
			}
		}
		save(t, g, 1, 1, 2, 3, 3, 4)
		if original.Applied(0) != twin.Frozen(0)[0].Number {
			t.Fatalf("the numbers are %d and %d", original.Applied(0), twin.Frozen(0)[0].Number)
		}
		h := start(t, twin, db, testPolicy)
		if err := h.Sync(t.Context(), buffer.Filter{}); notSaved(t, err).Class != ClassStaleSpool {
			t.Errorf("sync: %v", err)
		}
		if s := twin.Stats(); s.InFlight != 4 {
			t.Errorf("kept %+v", s)
		}
		wantCounts(t, db, map[int]int64{1: 3, 2: 2, 3: 3, 4: 2})
		save(t, g, 1, 2, 3, 4)
		wantCounts(t, db, map[int]int64{1: 4, 2: 3, 3: 4, 4: 3})
	})
}
