package flush

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

func learners(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// takeRounds returns the sizes of the rounds since the last call, sorted.
func (d *ledgerModel) takeRounds() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	rounds := d.rounds
	d.rounds = nil
	slices.Sort(rounds)
	return rounds
}

func wantAllSaved(t *testing.T, f *fixture, db *ledgerModel, n int) {
	t.Helper()
	for _, k := range learners(n) {
		if got := db.record(key(k)).UpdateCount; got != 1 {
			t.Errorf("learner %d: %d updates saved", k, got)
		}
	}
	if s := f.buffer.Stats(); s.Pending+s.InFlight != 0 {
		t.Errorf("left over: %+v", s)
	}
}

func TestTheNextRoundIsFrozenWhileTheDatabaseWorksOnAFullOne(t *testing.T) {
	for _, c := range []struct {
		name     string
		learners int
		failed   bool
		ahead    bool
	}{
		{"more is due than goes in a round", 1000, false, true},
		{"less is due", 200, false, false},
		{"the round before failed", 1000, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			roomy := bufferPolicy
			roomy.MaxPendingRecords, roomy.Terms = 10*c.learners, timing.Only(timing.Terms{Interval: time.Nanosecond}, 0)
			b := openBuffer(t, disktest.New(), roomy)
			put(t, b, learners(c.learners)...)
			f := New(Options{Buffer: b, Database: newLedgerModel(), Policy: testPolicy, Observer: &journal{}, Log: logr.Discard()})
			l := f.lanes[0]
			if c.failed {
				l.rounds.pace.failed()
			}
			round, err := l.rounds.next(nil, false)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a second time nothing is left to do
				if err := <-l.rounds.freezeAhead(round); err != nil {
					t.Fatal(err)
				}
				frozen := b.Frozen(0)
				if ahead := len(frozen) > len(round); ahead != c.ahead {
					t.Errorf("%d batches are frozen, %d of them in the round", len(frozen), len(round))
				}
				if len(frozen) > 2*len(round) {
					t.Errorf("%d batches are frozen, %d of them in the round", len(frozen), len(round))
				}
			}
		})
	}
}

func TestWhatIsDueGoesInRoundsOfSeveralBatches(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, learners(200)...)
		db.takeRounds()
		after(interval)
		wantAllSaved(t, f, db, 200)
		rounds := db.takeRounds()
		if len(rounds) != f.buffer.Lanes() || len(f.seen.saved) < 20 {
			t.Errorf("rounds of %v batches, %d batches in all; want one round for each lane", rounds, len(f.seen.saved))
		}
		if f.seen.rows != 200 {
			t.Errorf("%d rows reported", f.seen.rows)
		}
	})
}

func TestARefusedRecordInTheMiddleOfARoundKeepsNoOtherBack(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		const refused = 57
		db.setTrouble(func(_ string, b progress.Batch) error {
			if slices.ContainsFunc(b.Records, func(r progress.Record) bool { return r.Key == key(refused) }) {
				return sqlError("23514")
			}
			return nil
		}, nil)
		put(t, f.buffer, learners(200)...)
		if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the observer learns of it after the buffer
		for _, k := range learners(200) {
			want := int64(1)
			if k == refused {
				want = 0
			}
			if got := db.record(key(k)).UpdateCount; got != want {
				t.Errorf("learner %d: %d updates saved, want %d", k, got, want)
			}
		}
		if len(f.seen.quarantined) != 1 || f.buffer.Stats().DeadLetters != 1 {
			t.Errorf("%d records set aside, want 1", len(f.seen.quarantined))
		}
		if f.seen.rows != 199 {
			t.Errorf("%d rows reported, want 199", f.seen.rows)
		}
	})
}

func TestALostAnswerToARoundDoublesNothing(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		lost := 0
		db.setTrouble(nil, func(b progress.Batch) error {
			if lost < 6 && b.Number%3 == 0 {
				lost++
				return sqlError("08006")
			}
			return nil
		})
		put(t, f.buffer, learners(200)...)
		after(interval + 5*time.Minute)
		wantAllSaved(t, f, db, 200)
		if lost != 6 {
			t.Errorf("%d answers lost, want 6", lost)
		}
	})
}

func TestAfterAFailureRoundsGrowFromOneBatch(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		db.setTrouble(failing(sqlError("57014"), "apply"), nil)
		put(t, f.buffer, learners(200)...)
		after(interval)
		db.setTrouble(nil, nil)
		db.takeRounds()
		after(time.Minute)
		wantAllSaved(t, f, db, 200)
		lanes := f.buffer.Lanes()
		rounds := db.takeRounds()
		if got := rounds[:2*lanes]; !cmp.Equal(got, []int{1, 1, 2, 2}) {
			t.Errorf("rounds of %v batches, smallest first", rounds)
		}
	})
}

func TestWhatIsDueForAnotherReasonThanTimeSharesATransaction(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, learners(200)...)
		f.buffer.MakeDue(buffer.Filter{})
		after(0)
		wantAllSaved(t, f, db, 200)
		if len(f.seen.saved) != f.buffer.Lanes() {
			t.Errorf("%d transactions, want one for each lane", len(f.seen.saved))
		}
	})
}

func TestALargeBatchThatTakesTooLongIsWrittenInBatchesOfTheConfiguredSize(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		tries := 0
		db.setTrouble(func(call string, b progress.Batch) error {
			if call == "apply" && len(b.Records) > testPolicy.BatchSize {
				tries++
				return sqlError("57014")
			}
			return nil
		}, nil)
		put(t, f.buffer, learners(200)...)
		f.buffer.MakeDue(buffer.Filter{})
		after(time.Minute)
		wantAllSaved(t, f, db, 200)
		if f.seen.rows != 200 {
			t.Errorf("%d rows reported, want 200", f.seen.rows)
		}
		if tries != f.buffer.Lanes() {
			t.Errorf("%d batches took too long, want the first of each lane", tries)
		}
	})
}

func TestARoundIsBoundedInBatchesAndRecords(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		want int
	}{
		{"small batches by their number", 1, maxRound},
		{"the default", 10, maxRound},
		{"large batches by their records", 500, maxRoundRecords / 500},
		{"the largest batches", 1000, maxRoundRecords / 1000},
		{"batches beyond the bound, one at a time", 5000, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := roundOf(c.size); got != c.want {
				t.Errorf("%d batches of %d records in a round, want %d", got, c.size, c.want)
			}
			batches := slices.Repeat([]progress.Batch{{Records: make([]progress.Record, c.size)}}, 100)
			if got := len(portion(batches, maxRound)); got != c.want {
				t.Errorf("a portion of %d batches of %d records, want %d", got, c.size, c.want)
			}
		})
	}
}
