package postgres

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// rowsOf reads the ledger rows of a spool's lanes.
func rowsOf(t *testing.T, d *Database, w *writer, lanes int) []LedgerRow {
	t.Helper()
	rows, err := d.RenewLedger(t.Context(), w.id, w.owner, lanes)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTheLedgerSaysWhereEachLaneStands(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	claim(t, d).apply(t, watched(9)) // another spool's rows are none of its business
	ours := LedgerRow{Exists: true, Ours: true, Claims: 1}
	second := LedgerRow{Exists: true, Ours: true, Number: 1, BatchID: batchID(1), Claims: 1}
	for name, tt := range map[string]struct {
		ledger string // what happens to the row of lane 1, which has written a batch
		want   []LedgerRow
	}{
		"the rows are the owner's":        {"", []LedgerRow{ours, second}},
		"a row fell back":                 {"UPDATE progress_sync.ledger SET batch_no = 0, batch_id = 0", []LedgerRow{ours, ours}},
		"a row is gone":                   {"DELETE FROM progress_sync.ledger", []LedgerRow{ours, {}}},
		"a row has another, newer, owner": {"UPDATE progress_sync.ledger SET owner = gen_random_uuid(), claims = 2", []LedgerRow{ours, {Exists: true, Number: 1, BatchID: batchID(1), Claims: 2}}},
		"a row was written before there were ids": {
			"UPDATE progress_sync.ledger SET batch_id = 0", []LedgerRow{ours, {Exists: true, Ours: true, Number: 1, Claims: 1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &writer{d: d, id: uuid.NewString(), owner: uuid.NewString()}
			if _, err := d.Claim(t.Context(), w.id, w.owner, 2, nil); err != nil {
				t.Fatal(err)
			}
			batch := progress.Batch{Lane: 1, Number: 1, ID: batchID(1), Records: []progress.Record{watched(1)}}
			if r, err := d.Apply(t.Context(), w.id, w.owner, 0, batch); err != nil || r.Outcome != Applied {
				t.Fatalf("%+v, %v", r, err)
			}
			if tt.ledger != "" {
				pgtest.Execute(t, conn, tt.ledger+" WHERE writer_id = $1 AND lane = 1", w.id)
			}
			for range 2 { // reading changes nothing
				if diff := cmp.Diff(tt.want, rowsOf(t, d, w, 2)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestReadingTheLedgerTakesNoRowFromItsOwner(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	owner := claim(t, d)
	owner.apply(t, watched(1))
	reader := &writer{d: d, id: owner.id, owner: uuid.NewString()}
	want := []LedgerRow{{Exists: true, Number: 1, BatchID: batchID(1), Claims: 1}, {}}
	if diff := cmp.Diff(want, rowsOf(t, d, reader, 2)); diff != "" {
		t.Error(diff)
	}
	owner.apply(t, watched(1)) // its number is where it was, and nobody has fenced it
}

func TestReadingTheLedgerWaitsForABatchUnderWay(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	conn := pgtest.Connect(t, uri)
	// The transaction of a process that lost its connection and whose batch the
	// server still writes.
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, tx, "UPDATE progress_sync.ledger SET batch_no = 7, batch_id = 70 WHERE writer_id = $1", w.id)
	type answer struct {
		rows []LedgerRow
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		rows, err := d.RenewLedger(t.Context(), w.id, w.owner, 1)
		answered <- answer{rows, err}
	}()
	watcher := pgtest.Connect(t, uri)
	kit.Eventually(t, "it waits", func() error {
		select {
		case got := <-answered:
			t.Fatalf("it did not wait: %+v, %v", got.rows, got.err)
		default:
		}
		return kit.Unless(pgtest.Value[bool](t, watcher, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"), "no lock is waited for")
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-answered
	if want := []LedgerRow{{Exists: true, Ours: true, Number: 7, BatchID: 70, Claims: 1}}; got.err != nil || !cmp.Equal(want, got.rows) {
		t.Errorf("got %+v, %v", got.rows, got.err)
	}
}

func TestTheLedgerIsReadThroughAPooler(t *testing.T) {
	pgtest.Database(t) // the shared server is up
	bouncer, err := pgtest.Shared(t).StartBouncer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bouncer.Close(); err != nil {
			t.Error(err)
		}
	})
	d := open(t, Options{URI: fixed(bouncer.URI("postgres"))})
	w := claim(t, d)
	w.apply(t, watched(1))
	if diff := cmp.Diff([]LedgerRow{{Exists: true, Ours: true, Number: 1, BatchID: batchID(1), Claims: 1}}, rowsOf(t, d, w, 1)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatReadingTheLedgerReportsHasReachedTheDisk(t *testing.T) {
	server := pgtest.Private(t, pgtest.Options{Config: []string{"wal_writer_delay = 10s"}})
	uri := server.URI(pgtest.Superuser, pgtest.Superuser)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	conn := pgtest.Connect(t, uri)
	// A commit that did not wait for the disk, as of a batch in the middle of a round
	// that was cut off.
	pgtest.Execute(t, conn, "SET synchronous_commit = off")
	pgtest.Execute(t, conn, "UPDATE progress_sync.ledger SET batch_no = 7, batch_id = 70 WHERE writer_id = $1", w.id)
	if got := rowsOf(t, d, w, 1); got[0].Number != 7 {
		t.Fatalf("the ledger is at %+v", got)
	}
	if err := server.Stop(pgtest.Immediate); err != nil {
		t.Fatal(err)
	}
	if err := server.StartAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := d.RenewLedger(t.Context(), w.id, w.owner, 1)
	for Classify(err).Retry == Transient { // the connections of before
		rows, err = d.RenewLedger(t.Context(), w.id, w.owner, 1)
	}
	if err != nil || rows[0].Number != 7 {
		t.Errorf("after a crash the ledger is at %+v, %v", rows, err)
	}
}

func TestTheLedgerOfNoSpoolIsNotAskedFor(t *testing.T) {
	d := open(t, Options{URI: func() (string, error) {
		t.Error("it asked for the URI")
		return "", context.Canceled
	}})
	if _, err := d.RenewLedger(t.Context(), "x", uuid.NewString(), 1); err == nil {
		t.Error("a writer that is no UUID was taken")
	}
}
