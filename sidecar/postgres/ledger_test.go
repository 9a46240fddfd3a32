package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestABatchIsWrittenOnce(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w := claim(t, d)
	batch := w.next(watched(1), watched(2))
	for i, want := range []Result{
		{Outcome: Applied, LedgerNumber: 1, Rows: 2},
		{Outcome: AlreadyApplied, LedgerNumber: 1},
		{Outcome: AlreadyApplied, LedgerNumber: 1},
	} {
		got, err := d.Apply(t.Context(), w.id, w.owner, 0, batch)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("attempt %d:\n%s", i+1, diff)
		}
	}
	if got := read(t, d, key(1)); got.UpdateCount != 1 || got.TimeSpent != 5_000_000 {
		t.Errorf("after three attempts: %d updates, %d µs", got.UpdateCount, got.TimeSpent)
	}
}

func TestWhatTheLedgerSays(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	tests := map[string]struct {
		ledger       string // what happens to the row, which stands at 5
		prev, number uint64
		want         Result
	}{
		"the next number is applied":             {"", 5, 6, Result{Outcome: Applied, LedgerNumber: 6, Rows: 1}},
		"numbers may have gaps":                  {"", 5, 9, Result{Outcome: Applied, LedgerNumber: 9, Rows: 1}},
		"the same number was applied":            {"", 4, 5, Result{Outcome: AlreadyApplied, LedgerNumber: 5}},
		"a lower number was applied":             {"", 2, 3, Result{Outcome: AlreadyApplied, LedgerNumber: 5}},
		"a ledger further back was rewound":      {"", 7, 8, Result{Outcome: Rewound, LedgerNumber: 5}},
		"a ledger without the row was rewound":   {"DELETE FROM progress_sync.ledger", 5, 6, Result{Outcome: Rewound, Missing: true}},
		"another owner fences the next number":   {"UPDATE progress_sync.ledger SET owner = gen_random_uuid()", 5, 6, Result{Outcome: Fenced, LedgerNumber: 5, Claims: 1}},
		"another owner fences a repeated number": {"UPDATE progress_sync.ledger SET owner = gen_random_uuid()", 4, 5, Result{Outcome: Fenced, LedgerNumber: 5, Claims: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := claim(t, d)
			pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress")
			if err := d.MoveLedger(t.Context(), w.id, w.owner, 0, 5); err != nil {
				t.Fatal(err)
			}
			if tt.ledger != "" {
				pgtest.Execute(t, conn, tt.ledger+" WHERE writer_id = $1", w.id)
			}
			got, err := d.Apply(t.Context(), w.id, w.owner, tt.prev,
				progress.Batch{Number: tt.number, Records: []progress.Record{watched(1)}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			var rows int64
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM progress_sync.lesson_progress").Scan(&rows); err != nil || rows != tt.want.Rows {
				t.Errorf("%d rows were written, %v", rows, err)
			}
		})
	}
}

func TestAnEmptyBatchMovesTheLedger(t *testing.T) {
	w := claim(t, open(t, Options{URI: fixed(pgtest.Database(t))}))
	if r := w.apply(t); r.LedgerNumber != 1 || r.Rows != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestClaimingTakesALaneOver(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	old := claim(t, d)
	old.apply(t, watched(1))
	taker := uuid.NewString()
	claimed, err := d.Claim(t.Context(), old.id, taker, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Claimed{{Number: 1, BatchID: batchID(1), Claims: 2, Existed: true}, {Claims: 1}, {Claims: 1}}
	if diff := cmp.Diff(want, claimed); diff != "" {
		t.Error(diff)
	}
	if r, err := old.try(t.Context(), old.next(watched(1))); err != nil || r.Outcome != Fenced || r.Claims != 2 {
		t.Errorf("the old owner got %+v, %v", r, err)
	}
	if err := d.MoveLedger(t.Context(), old.id, old.owner, 0, 7); !errors.Is(err, ErrNotOwner) {
		t.Errorf("the old owner moved it: %v", err)
	}
	if r, err := d.Apply(t.Context(), old.id, taker, 1, old.next(watched(1))); err != nil || r.Outcome != Applied {
		t.Errorf("the new owner got %v, %v", r.Outcome, err)
	}
}

func TestAClaimThatIsNotApprovedLeavesTheOwner(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	owner := claim(t, d)
	owner.apply(t, watched(1))
	refusal := errors.New("not these")
	var found []Claimed
	_, err := d.Claim(t.Context(), owner.id, uuid.NewString(), 2, func(rows []Claimed) error {
		found = rows
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("the claim returned %v", err)
	}
	if diff := cmp.Diff([]Claimed{{Number: 1, BatchID: batchID(1), Claims: 2, Existed: true}, {Claims: 1}}, found); diff != "" {
		t.Error(diff)
	}
	if r, err := owner.try(t.Context(), owner.next(watched(1))); err != nil || r.Outcome != Applied {
		t.Errorf("the owner got %+v, %v", r, err)
	}
	claimed, err := d.Claim(t.Context(), owner.id, owner.owner, 2, nil)
	if want := []Claimed{{Number: 2, BatchID: batchID(2), Claims: 2, Existed: true}, {Claims: 1}}; err != nil || !cmp.Equal(want, claimed) {
		t.Errorf("afterwards the ledger is at %+v, %v", claimed, err)
	}
}

func TestClaimsAtTheSameTimeLeaveOneOwner(t *testing.T) {
	uri := pgtest.Database(t)
	spool := uuid.NewString()
	const claimants, lanes = 4, 2
	owners := make([]string, claimants)
	databases := make([]*Database, claimants)
	var wg sync.WaitGroup
	for i := range claimants {
		owners[i] = uuid.NewString()
		databases[i] = open(t, Options{URI: fixed(uri)})
		wg.Go(func() {
			numbers, err := databases[i].Claim(t.Context(), spool, owners[i], lanes, nil)
			if err != nil || len(numbers) != lanes {
				t.Errorf("claimed %v, %v", numbers, err)
			}
		})
	}
	wg.Wait()
	for lane := range lanes {
		applied := 0
		for i := range claimants {
			b := progress.Batch{Lane: lane, Number: 1, Records: []progress.Record{watched(lane)}}
			r, err := databases[i].Apply(t.Context(), spool, owners[i], 0, b)
			if err != nil {
				t.Fatal(err)
			}
			if r.Outcome == Applied {
				applied++
			} else if r.Outcome != Fenced {
				t.Errorf("a claimant that lost got %v", r.Outcome)
			}
		}
		if applied != 1 {
			t.Errorf("%d of %d claimants wrote batch 1 of lane %d", applied, claimants, lane)
		}
	}
}

func TestWrongArgumentsAreRefusedWithoutADatabase(t *testing.T) {
	d := open(t, Options{URI: func() (string, error) {
		t.Error("it asked for the URI")
		return "", context.Canceled
	}})
	good := uuid.NewString()
	for name, call := range map[string]func() error{
		"a writer that is no UUID": func() error { _, err := d.Claim(t.Context(), "x", good, 1, nil); return err },
		"an owner that is no UUID": func() error { return d.MoveLedger(t.Context(), good, "x", 0, 1) },
		"a number beyond bigint":   func() error { return d.MoveLedger(t.Context(), good, good, 0, 1<<63) },
		"a number not above the one before it": func() error {
			_, err := d.Apply(t.Context(), good, good, 3, progress.Batch{Number: 3})
			return err
		},
		"a read without a learner": func() error { _, err := d.ReadAt(t.Context(), good, Filter{CourseID: "c"}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			if call() == nil {
				t.Error("it was taken")
			}
		})
	}
}
