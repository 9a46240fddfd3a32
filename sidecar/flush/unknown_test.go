package flush

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Who blamed the first batch of the round, which is in the database, would write its
// records again under other numbers, or find the ledger at a number that the spool
// has given up.
func TestARefusalThatIsLostWithItsConnectionDoublesNothingAndStopsNobody(t *testing.T) {
	for _, c := range []struct {
		name, state string
		written     uint64 // batches of the round before it
	}{
		{"of the first batch by a trigger", "P0001", 0},
		{"of the second batch by a trigger", "P0001", 1},
		{"of the third batch by a trigger", "P0001", 2},
		{"of the second batch by a constraint", "23514", 1},
		{"of the third batch for the time it took", "57014", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				const crowd = 400
				refused := map[int]bool{} // lanes
				db.refuse = func(b progress.Batch) error {
					if refused[b.Lane] || db.rows[b.Lane].number != c.written {
						return nil
					}
					refused[b.Lane] = true
					return sqlError(c.state)
				}
				db.cut = func() bool { return true }
				put(t, f.buffer, learners(crowd)...)
				after(2 * interval)
				if len(refused) != f.buffer.Lanes() {
					t.Fatalf("refused in lanes %v", refused)
				}
				wantAllSaved(t, f, db, crowd)
				if s := f.buffer.Stats(); s.DeadLetters != 0 || f.seen.splits != 0 {
					t.Errorf("%d split, in the spool %+v", f.seen.splits, s)
				}
				if c := f.seen.condition(); c.Phase != PhaseWorking {
					t.Errorf("condition %+v", c)
				}
				if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The spool gives up the number of a batch that is refused. Were the abandoned attempt
// to write under it, the ledger would stand where the spool does not know of, for good.
func TestARoundThatArrivesAfterItsBatchesWereTakenApartWritesNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		refused []int // learners; none for everybody
	}{
		{"when a trigger refused everybody", nil},
		{"when a trigger refused one", []int{3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(t *testing.T, f *fixture, db *ledgerModel) {
				const crowd = 60
				late := 0
				db.abandon = func() bool {
					late++
					return late <= f.buffer.Lanes()
				}
				db.setTrouble(refusingRecords("P0001", c.refused...), nil)
				put(t, f.buffer, learners(crowd)...)
				after(interval + 30*time.Second)
				if late <= f.buffer.Lanes() || f.seen.splits == 0 {
					t.Fatalf("%d attempts, %d split", late, f.seen.splits)
				}
				db.setTrouble(nil, nil)
				db.arrive()
				if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
					t.Fatal(err)
				}
				letters, _, err := f.buffer.ListDeadLetters(0, crowd)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range letters {
					if err := f.buffer.ReplayDeadLetter(l.ID); err != nil {
						t.Fatal(err)
					}
				}
				if err := f.Sync(t.Context(), buffer.Filter{}); err != nil {
					t.Fatal(err)
				}
				wantAllSaved(t, f, db, crowd)
				if c := f.seen.condition(); c.Phase != PhaseWorking {
					t.Errorf("condition %+v", c)
				}
			})
		})
	}
}
