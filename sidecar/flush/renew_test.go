package flush

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestAfterAnOutageTheLedgerIsReadOnceForAllLanes(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		put(t, f.buffer, learners(8)...)
		db.setTrouble(failing(sqlError("57P03"), "ping", "apply", "ask", "claim"), nil)
		after(interval + time.Minute)
		begin := time.Now()
		db.setTrouble(nil, nil)
		after(5 * time.Minute)
		for lane := range f.buffer.Lanes() {
			if f.buffer.Applied(lane) == 0 {
				t.Fatalf("lane %d has written nothing", lane)
			}
		}
		asked := db.times("ask", begin)
		asked = asked[len(before(asked, 0)):]
		written := db.times("apply", begin)
		written = written[len(before(written, 0)):]
		if len(asked) == 0 || len(written) != f.buffer.Lanes() {
			t.Fatalf("asked at %v, written at %v", asked, written)
		}
		if n := len(before(asked, written[len(written)-1]+time.Nanosecond)); n != 1 {
			t.Errorf("asked %d times until all lanes had written, at %v", n, asked)
		}
	})
}

func before(times []time.Duration, at time.Duration) (earlier []time.Duration) {
	for _, t := range times {
		if t < at {
			earlier = append(earlier, t)
		}
	}
	return earlier
}

func TestALaneThatFellBackWhileItHadNothingToWriteIsMadeGoodThoughTheOtherGoesOn(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		var ours, others []int // learners of lane 0 and of lane 1
		for _, k := range learners(8) {
			save(t, f, k)
			synctest.Wait() // the observer learns of it after the buffer
			if f.seen.saved[len(f.seen.saved)-1].Lane == 0 {
				ours = append(ours, k)
			} else {
				others = append(others, k)
			}
		}
		rows, saved := db.snapshot()
		save(t, f, others...)
		synctest.Wait()
		// Only lane 1 lost something, of which lane 0's writes learn nothing.
		db.mu.Lock()
		db.rows[1] = rows[1]
		for _, k := range others {
			db.saved[key(k)] = saved[key(k)]
		}
		db.mu.Unlock()
		for range 20 {
			save(t, f, ours[0])
			after(10 * time.Second)
		}
		want := map[int]int64{ours[0]: 21}
		for _, k := range others {
			want[k] = 2
		}
		wantCounts(t, db, want)
		if len(f.seen.rewinds) != 1 || f.seen.rewinds[0].Lane != 1 {
			t.Errorf("reported %+v", f.seen.rewinds)
		}
	})
}

func TestALedgerThatGivesTwoAnswersIsToldAndNotAskedForWithoutEnd(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2, 3, 4)
		// As behind a pooler that spreads sessions: what writes finds an older server
		// than what asks.
		db.setTrouble(func(call string, b progress.Batch) error {
			switch call {
			case "apply":
				row := db.rows[b.Lane]
				row.number--
				db.rows[b.Lane] = row
			case "ask":
				for lane, row := range db.rows {
					row.number = f.buffer.Applied(lane)
					db.rows[lane] = row
				}
			}
			return nil
		}, nil)
		put(t, f.buffer, 1)
		begin := time.Now()
		after(interval + 10*time.Minute)
		if n := len(db.times("apply", begin)); n < 5 || n > 25 {
			t.Errorf("%d writes tried in ten minutes", n)
		}
		c := f.seen.condition()
		if c.Failure == nil || c.Failure.Message != unsteadyLedger().Message {
			t.Errorf("condition %+v", c)
		}
	})
}

func TestWhatTheDatabaseLacksIsFoundByOneQuestionAndSentInOneRound(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		rows, saved := db.snapshot()
		save(t, f, 1)
		save(t, f, 1)
		db.restore(rows, saved)
		db.takeRounds()
		begin := time.Now()
		f.Nudge()
		after(time.Second)
		if diff := cmp.Diff([]int{2}, db.takeRounds()); diff != "" {
			t.Errorf("rounds (-want +got):\n%s", diff)
		}
		if n := len(db.times("ask", begin)); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestADatabaseThatFallsBackFurtherDuringAReplayGetsAllThatItLacks(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		oldest, none := db.snapshot()
		save(t, f, 1)
		older, one := db.snapshot()
		save(t, f, 1)
		save(t, f, 1)
		db.setTrouble(failing(sqlError("57P03"), "apply"), nil)
		db.restore(older, one)
		f.Nudge()
		after(time.Minute)
		if n := len(f.seen.rewinds); n != 1 {
			t.Fatalf("%d rewinds told", n)
		}
		db.restore(oldest, none)
		after(time.Minute)
		db.setTrouble(nil, nil)
		after(2 * time.Minute)
		wantCounts(t, db, map[int]int64{1: 3})
		if n := len(f.seen.rewinds); n != 2 {
			t.Errorf("%d rewinds told", n)
		}
	})
}

func TestAfterAnOutageThatOnlyAWriteMetWhatItUndidIsErasedAheadOfTheNextWrite(t *testing.T) {
	run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
		save(t, f, 1, 2)
		_, saved := db.snapshot()
		if e, err := f.Erase(t.Context(), key(1).UserID); err != nil || !e.DatabaseDone {
			t.Fatalf("%+v, %v", e, err)
		}
		down := false
		db.setTrouble(func(call string, _ progress.Batch) error {
			if down || call != "apply" {
				return nil
			}
			down = true
			db.saved = saved // a replica that lacked the erasure and no batch
			return sqlError("57P01")
		}, nil)
		save(t, f, 1, 2) // the learner is back
		if !down {
			t.Fatal("no write met an outage")
		}
		wantCounts(t, db, map[int]int64{1: 1, 2: 2})
	})
}
