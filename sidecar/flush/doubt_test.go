package flush

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// refusingRecords fails the batches that hold one of the keys; without keys, all.
func refusingRecords(state string, keys ...int) func(string, progress.Batch) error {
	return func(call string, b progress.Batch) error {
		if call != "apply" {
			return nil
		}
		refused := len(keys) == 0
		for _, r := range b.Records {
			refused = refused || slices.ContainsFunc(keys, func(k int) bool { return key(k) == r.Key })
		}
		if refused {
			return sqlError(state)
		}
		return nil
	}
}

func TestOneLearnerWhomATriggerRefusesKeepsNobodyBack(t *testing.T) {
	for _, state := range []string{"P0001", "P0002", "LMS42", "45000", "44000"} {
		t.Run(state, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				db.setTrouble(refusingRecords(state, 7), nil)
				put(t, f.buffer, learners(61)...)
				after(interval + 30*time.Second)
				for k := range learners(61) {
					want := int64(1)
					if k+1 == 7 {
						want = 0
					}
					if got := db.record(key(k + 1)).UpdateCount; got != want {
						t.Errorf("learner %d has %d updates, want %d", k+1, got, want)
					}
				}
				if len(f.seen.quarantined) != 1 || f.seen.quarantined[0].SQLState != state {
					t.Errorf("set aside: %+v", f.seen.quarantined)
				}
				if c := f.seen.condition(); c.Phase != PhaseWorking {
					t.Errorf("condition %+v", c)
				}
			})
		})
	}
}

func TestATableThatRefusesEverybodyIsHeldAndNobodySetAside(t *testing.T) {
	for _, state := range []string{"P0001", "23514", "22P02"} {
		t.Run(state, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				const crowd, rounds = 60, 60 // three hours
				db.setTrouble(refusingRecords(state), nil)
				for range rounds {
					put(t, f.buffer, learners(crowd)...)
					after(interval)
				}
				if c := f.seen.condition(); c.Phase != PhaseHeld || c.Failure.Class != ClassTableRefuses || c.Failure.SQLState != state {
					t.Errorf("condition %+v", c)
				}
				if len(f.seen.quarantined) != 0 || f.buffer.Stats().DeadLetters != 0 {
					t.Errorf("set aside: %v", f.seen.quarantined)
				}
				// Two lanes take batches apart, and then try once a minute.
				if tries := len(db.times("apply", time.Now())); tries > 2*(60+180) {
					t.Errorf("%d tries in three hours", tries)
				}
				// Of each learner what was frozen first, what was tried since, and what is new.
				if s := f.buffer.Stats(); s.Pending+s.InFlight > 3*crowd {
					t.Errorf("%d records wait for %d learners", s.Pending+s.InFlight, crowd)
				}
				db.setTrouble(nil, nil)
				after(2 * time.Minute)
				for _, k := range learners(crowd) {
					if got := db.record(key(k)); got.UpdateCount != rounds || got.SeekEvents != rounds {
						t.Errorf("learner %d has %d updates, want %d", k, got.UpdateCount, rounds)
					}
				}
				if c := f.seen.condition(); c.Phase != PhaseWorking || c.Failure != nil {
					t.Errorf("condition after the recovery %+v", c)
				}
			})
		})
	}
}

func TestALearnerWhomATriggerRefusesAloneIsKeptUntilAnotherIsWritten(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("P0001", 1), nil)
		for range 100 { // a heartbeat in each window takes no more space
			put(t, f.buffer, 1)
			after(interval + 10*time.Second)
		}
		if s := f.buffer.Stats(); s.Pending+s.InFlight > 2 || s.DeadLetters != 0 {
			t.Errorf("in the spool: %+v", s)
		}
		if c := f.seen.condition(); c.Phase != PhaseHeld || c.Failure.Class != postgres.BadData {
			t.Errorf("condition %+v", c)
		}
		put(t, f.buffer, 2)
		after(interval + 30*time.Second)
		if db.record(key(2)).UpdateCount != 1 {
			t.Error("the other learner was kept back")
		}
		letters, _, err := f.buffer.ListDeadLetters(0, 10)
		if err != nil || len(letters) != 1 || letters[0].Record.UpdateCount != 100 {
			t.Errorf("set aside: %+v, %v", letters, err)
		}
		if c := f.seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("condition %+v", c)
		}
	})
}

func TestASingleRecordWhoseDataDoesNotFitIsSetAsideAtOnceButNotAFourthInARow(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("22001"), nil)
		for k := range 3 {
			put(t, f.buffer, k)
			after(interval + time.Minute)
			if got := f.buffer.Stats().DeadLetters; got != int64(k+1) {
				t.Fatalf("%d dead letters after %d", got, k+1)
			}
		}
		put(t, f.buffer, 4)
		after(interval + time.Minute)
		if s := f.buffer.Stats(); s.DeadLetters != 3 || s.InFlight != 1 {
			t.Errorf("after the fourth: %+v", s)
		}
		if c := f.seen.condition(); c.Phase != PhaseHeld {
			t.Errorf("condition %+v", c)
		}
	})
}

func TestSyncWithARecordInDoubtTellsWhoseItIs(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("P0001", 1), nil)
		put(t, f.buffer, 1)
		var notSaved *NotSavedError
		if err := f.Sync(context.Background(), buffer.Filter{UserID: key(1).UserID}); !errors.As(err, &notSaved) {
			t.Errorf("the refused learner's sync says %v", err)
		}
		// Once more, although the next probe is a minute away.
		begin := time.Now()
		if err := f.Sync(context.Background(), buffer.Filter{UserID: key(1).UserID}); !errors.As(err, &notSaved) || time.Since(begin) > time.Second {
			t.Errorf("a second one says %v after %v", err, time.Since(begin))
		}
		put(t, f.buffer, 2)
		if err := f.Sync(context.Background(), buffer.Filter{UserID: key(2).UserID}); err != nil {
			t.Errorf("the other learner's sync says %v", err)
		}
		after(time.Second)
		if got := f.buffer.Stats().DeadLetters; got != 1 {
			t.Errorf("%d dead letters", got)
		}
	})
}

func TestAnErasedLearnerLeavesNoDoubt(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("P0001", 1), nil)
		put(t, f.buffer, 1)
		after(interval + time.Minute)
		if c := f.seen.condition(); c.Phase != PhaseHeld {
			t.Fatalf("condition %+v", c)
		}
		if _, err := f.Erase(context.Background(), key(1).UserID); err != nil {
			t.Fatal(err)
		}
		after(time.Minute)
		if c := f.seen.condition(); c.Phase != PhaseWorking {
			t.Errorf("condition %+v", c)
		}
	})
}

func TestARestartInTheMiddleOfADoubtLosesNothing(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("P0001"), nil)
		put(t, f.buffer, learners(30)...)
		after(interval + time.Minute)
		if err := f.stop(); err != nil {
			t.Fatal(err)
		}
		db.setTrouble(refusingRecords("P0001", 3), nil)
		second := start(t, f.buffer, db, testPolicy)
		after(5 * time.Minute)
		for _, k := range learners(30) {
			if got := db.record(key(k)).UpdateCount; (got == 1) == (k == 3) {
				t.Errorf("learner %d has %d updates", k, got)
			}
		}
		if len(second.seen.quarantined) != 1 {
			t.Errorf("set aside: %v", second.seen.quarantined)
		}
	})
}

// lanesLearners are those that were saved by the lane that saved the given one.
func lanesLearners(f *fixture, one progress.Key) (others []int) {
	lanes := map[progress.Key]int{}
	for _, b := range f.seen.saved {
		for _, r := range b.Records {
			lanes[r.Key] = b.Lane
		}
	}
	for _, k := range learners(20) {
		if key(k) != one && lanes[key(k)] == lanes[one] {
			others = append(others, k)
		}
	}
	return others
}

func TestADoubtWhoseAnswerIsLostKeepsItsNumber(t *testing.T) {
	for name, state := range map[string]string{
		"with the connection":                            "08006",
		"as one that took too long, which is one lane's": "57014",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				save(t, f, learners(20)...)
				synctest.Wait()
				db.setTrouble(refusingRecords("P0001", 1), nil)
				put(t, f.buffer, 1)
				after(interval + 10*time.Second)
				// The table is mended. At the next try the answer is lost, and at that moment
				// others of the lane are due, which go ahead of what is in doubt.
				lost, others := false, lanesLearners(f, key(1))
				if len(others) == 0 {
					t.Fatal("no other learner is of the lane")
				}
				db.setTrouble(nil, func(b progress.Batch) error {
					if lost || b.Records[0].Key != key(1) {
						return nil
					}
					lost = true
					put(t, f.buffer, others...)
					f.buffer.MakeDue(buffer.Filter{})
					return sqlError(state)
				})
				after(5 * time.Minute)
				if !lost {
					t.Fatal("it was not tried again")
				}
				for _, k := range append(others, 1) {
					if got := db.record(key(k)); got.UpdateCount != 2 || got.SeekEvents != 2 {
						t.Errorf("learner %d: saved %+v", k, got)
					}
				}
				if c := f.seen.condition(); c.Phase != PhaseWorking {
					t.Errorf("condition %+v", c)
				}
			})
		})
	}
}

func TestADrainDoesNotWaitForWhatNobodyCanTell(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("P0001", 1), nil)
		put(t, f.buffer, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		n, err := f.Drain(ctx)
		if n != 1 || notSaved(t, err).SQLState != "P0001" || time.Since(begin) > 5*time.Second {
			t.Errorf("%d left after %v: %v", n, time.Since(begin), err)
		}
	})
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(refusingRecords("P0001", 1), nil)
		put(t, f.buffer, learners(30)...)
		if n, err := f.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("with neighbours, %d left: %v", n, err)
		}
		if got := f.buffer.Stats().DeadLetters; got != 1 {
			t.Errorf("%d dead letters", got)
		}
	})
}
