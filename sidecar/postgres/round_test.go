package postgres

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// round is the next batches, one for each record.
func (w *writer) round(records ...progress.Record) []progress.Batch {
	batches := make([]progress.Batch, len(records))
	for i, r := range records {
		batches[i] = progress.Batch{Number: w.last + uint64(i) + 1, Records: []progress.Record{r}}
	}
	return batches
}

func TestARoundWritesItsBatchesInOrderAndOnce(t *testing.T) {
	for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
		t.Run(string(mode), func(t *testing.T) {
			uri := pgtest.Database(t)
			d := open(t, Options{URI: fixed(uri), ExecMode: mode})
			w := claim(t, d)
			batches := w.round(watched(1), watched(2), watched(1))
			for i, want := range [][]Result{
				{{Outcome: Applied, LedgerNumber: 1, Rows: 1}, {Outcome: Applied, LedgerNumber: 2, Rows: 1}, {Outcome: Applied, LedgerNumber: 3, Rows: 1}},
				{{Outcome: AlreadyApplied, LedgerNumber: 3}, {Outcome: AlreadyApplied, LedgerNumber: 3}, {Outcome: AlreadyApplied, LedgerNumber: 3}},
			} {
				got, err := d.ApplyRound(t.Context(), w.id, w.owner, 0, batches)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("attempt %d:\n%s", i+1, diff)
				}
			}
			if got := read(t, d, key(1)); got.UpdateCount != 2 {
				t.Errorf("%d updates, want 2", got.UpdateCount)
			}
			distinct := 0
			if err := pgtest.Connect(t, uri).QueryRow(t.Context(),
				"SELECT count(DISTINCT xmin::text) FROM progress_sync.lesson_progress").Scan(&distinct); err != nil || distinct != 2 {
				t.Errorf("the rows come from %d transactions, %v", distinct, err)
			}
		})
	}
}

func TestARoundGoesOnBehindWhatWasApplied(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w := claim(t, d)
	batches := w.round(watched(1), watched(1), watched(1), watched(1))
	if _, err := d.ApplyRound(t.Context(), w.id, w.owner, 0, batches[:2]); err != nil {
		t.Fatal(err)
	}
	got, err := d.ApplyRound(t.Context(), w.id, w.owner, 0, batches)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := []Outcome{}
	for _, r := range got {
		outcomes = append(outcomes, r.Outcome)
	}
	if diff := cmp.Diff([]Outcome{AlreadyApplied, AlreadyApplied, Applied, Applied}, outcomes); diff != "" {
		t.Error(diff)
	}
	if got := read(t, d, key(1)); got.UpdateCount != 4 {
		t.Errorf("%d updates, want 4", got.UpdateCount)
	}
}

func TestABatchThatIsRefusedEndsItsRound(t *testing.T) {
	for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
		for refused := range 3 {
			t.Run(string(mode)+[]string{" the first", " the middle one", " the last"}[refused], func(t *testing.T) {
				d := open(t, Options{URI: fixed(pgtest.Database(t)), ExecMode: mode})
				w := claim(t, d)
				records := []progress.Record{watched(1), watched(2), watched(3)}
				records[refused].FirstWatchedAt = math.MinInt64
				got, err := d.ApplyRound(t.Context(), w.id, w.owner, 0, w.round(records...))
				if f := Classify(err); f.Class != BadData || f.Retry != Data {
					t.Errorf("the error is %+v", f)
				}
				if len(got) != refused {
					t.Fatalf("%d results, want %d", len(got), refused)
				}
				for i, r := range got {
					if diff := cmp.Diff(Result{Outcome: Applied, LedgerNumber: uint64(i + 1), Rows: 1}, r); diff != "" {
						t.Error(diff)
					}
				}
				saved, err := d.readAll(t.Context(), Filter{UserID: "learner"})
				if err != nil || len(saved) != refused {
					t.Errorf("%d rows are saved, want %d, %v", len(saved), refused, err)
				}
				// The lane goes on behind it, on the same connection.
				w.last = uint64(refused)
				w.apply(t, watched(9))
			})
		}
	}
}

func TestOnlyTheLastOfARoundWaitsForTheDisk(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	d := open(t, Options{URI: fixed(uri + "&synchronous_commit=on")})
	w := claim(t, d)
	pgtest.Execute(t, conn, `
		CREATE TABLE seen (setting text);
		CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
			'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
		CREATE TRIGGER note AFTER UPDATE ON progress_sync.ledger FOR EACH ROW EXECUTE FUNCTION note()`)
	seen := func() []string {
		t.Helper()
		rows, err := conn.Query(t.Context(), "WITH gone AS (DELETE FROM seen RETURNING setting) SELECT setting FROM gone")
		if err != nil {
			t.Fatal(err)
		}
		settings, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return settings
	}
	batches := w.round(watched(1), watched(2), watched(3))
	if _, err := d.ApplyRound(t.Context(), w.id, w.owner, 0, batches); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"off", "off", "on"}, seen()); diff != "" {
		t.Errorf("a whole round:\n%s", diff)
	}
	w.last = 3
	bad := watched(2)
	bad.FirstWatchedAt = math.MinInt64
	got, err := d.ApplyRound(t.Context(), w.id, w.owner, 3, w.round(watched(1), bad, watched(3)))
	if Classify(err).Class != BadData || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	// The refused one left no trace; a commit that waits came before the answer.
	if diff := cmp.Diff([]string{"off", "on"}, seen()); diff != "" {
		t.Errorf("a round that ended early:\n%s", diff)
	}
	// What may have been committed without waiting is made sure of as well.
	if got, err := d.Apply(t.Context(), w.id, w.owner, 3, w.round(watched(1))[0]); err != nil || got.Outcome != AlreadyApplied {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"on"}, seen()); diff != "" {
		t.Errorf("a repeated batch:\n%s", diff)
	}
}

func TestARoundCutOffIsToldByTheLedger(t *testing.T) {
	p, uri := startProxy(t, pgtest.Database(t))
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	w.apply(t, watched(1))
	batches := w.round(watched(1), watched(1), watched(1))
	p.armed.Store(true)
	got, err := d.ApplyRound(t.Context(), w.id, w.owner, 1, batches)
	if f := Classify(err); f.Class != Unreachable || len(got) != 0 {
		t.Fatalf("%+v, %+v", got, f)
	}
	got, err = d.ApplyRound(t.Context(), w.id, w.owner, 1, batches)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got := read(t, d, key(1)); got.UpdateCount != 4 {
		t.Errorf("%d updates, want 4", got.UpdateCount)
	}
}

func TestARefusalWhoseConnectionIsLostBlamesNoBatchBeforeIt(t *testing.T) {
	for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
		for refused := range 3 {
			t.Run(string(mode)+[]string{" the first", " the middle one", " the last"}[refused], func(t *testing.T) {
				p, uri := startProxy(t, pgtest.Database(t))
				d := open(t, Options{URI: fixed(uri), ExecMode: mode})
				w := claim(t, d)
				records := []progress.Record{watched(1), watched(2), watched(3)}
				w.warm(t, records)
				records[refused].FirstWatchedAt = math.MinInt64
				batches := w.round(records...)
				p.spare.Store(int64(refused))
				p.armed.Store(true)
				got, err := d.ApplyRound(t.Context(), w.id, w.owner, w.last, batches)
				if f := Classify(err); f.Class != Unreachable || f.MayBeOfTheRecord() || !errors.Is(err, ErrOutcomeUnknown) || len(got) != 0 {
					t.Fatalf("%+v, %+v, %v", got, f, errors.Is(err, ErrOutcomeUnknown))
				}
				// The ledger tells what was written, and then whose fault the refusal is.
				got, err = d.ApplyRound(t.Context(), w.id, w.owner, w.last, batches)
				if f := Classify(err); f.Class != BadData || errors.Is(err, ErrOutcomeUnknown) || len(got) != refused {
					t.Fatalf("%+v, %+v", got, f)
				}
				for _, r := range got {
					if r.Outcome != AlreadyApplied {
						t.Errorf("%+v", r)
					}
				}
			})
		}
	}
}

func TestALedgerThatCanNotBeAskedBlamesNoBatch(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	pgtest.Execute(t, conn, `
		CREATE FUNCTION deaf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not now''; END';
		CREATE TRIGGER deaf BEFORE UPDATE ON progress_sync.ledger FOR EACH ROW
			WHEN (NEW.batch_no = OLD.batch_no) EXECUTE FUNCTION deaf()`)
	bad := watched(2)
	bad.FirstWatchedAt = math.MinInt64
	got, err := d.ApplyRound(t.Context(), w.id, w.owner, 0, w.round(watched(1), bad))
	if !errors.Is(err, ErrOutcomeUnknown) || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	pgtest.Execute(t, conn, "DROP TRIGGER deaf ON progress_sync.ledger")
	got, err = d.ApplyRound(t.Context(), w.id, w.owner, 0, w.round(watched(1), bad))
	if errors.Is(err, ErrOutcomeUnknown) || Classify(err).Class != BadData || len(got) != 1 || got[0].Outcome != AlreadyApplied {
		t.Errorf("%+v, %v", got, err)
	}
}

// warm writes a round of the same shape, so that the next one prepares nothing.
func (w *writer) warm(t *testing.T, records []progress.Record) {
	t.Helper()
	got, err := w.d.ApplyRound(t.Context(), w.id, w.owner, w.last, w.round(records...))
	if err != nil || len(got) != len(records) {
		t.Fatalf("%+v, %v", got, err)
	}
	w.last += uint64(len(records))
}

func TestARoundOfAnotherOwnerOrARewoundLedgerWritesNothing(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	conn := pgtest.Connect(t, uri)
	for name, tt := range map[string]struct {
		ledger string
		want   Result
	}{
		"fenced":  {"UPDATE progress_sync.ledger SET owner = gen_random_uuid()", Result{Outcome: Fenced, LedgerNumber: 5, Claims: 1}},
		"rewound": {"UPDATE progress_sync.ledger SET batch_no = 2", Result{Outcome: Rewound, LedgerNumber: 2}},
		"gone":    {"DELETE FROM progress_sync.ledger", Result{Outcome: Rewound, Missing: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := claim(t, d)
			if err := d.MoveLedger(t.Context(), w.id, w.owner, 0, 5); err != nil {
				t.Fatal(err)
			}
			pgtest.Execute(t, conn, tt.ledger+" WHERE writer_id = $1", w.id)
			w.last = 5
			got, err := d.ApplyRound(t.Context(), w.id, w.owner, 5, w.round(watched(1), watched(2)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Result{tt.want}, got); diff != "" {
				t.Error(diff)
			}
			if saved, err := d.readAll(t.Context(), Filter{UserID: "learner"}); err != nil || len(saved) > 0 {
				t.Errorf("%d rows were written, %v", len(saved), err)
			}
		})
	}
}

func TestWhatARoundReportsSurvivesACrashOfTheServer(t *testing.T) {
	// The log writer would flush asynchronous commits by itself before long.
	server := pgtest.Private(t, pgtest.Options{Config: []string{"wal_writer_delay = 10s"}})
	d := open(t, Options{URI: fixed(server.URI(pgtest.Superuser, pgtest.Superuser))})
	w := claim(t, d)
	bad := watched(3)
	bad.FirstWatchedAt = math.MinInt64
	for name, records := range map[string][]progress.Record{
		"a whole round":            {watched(1), watched(2), watched(3)},
		"a round that ended early": {watched(1), watched(2), bad, watched(4)},
	} {
		t.Run(name, func(t *testing.T) {
			results, err := d.ApplyRound(t.Context(), w.id, w.owner, w.last, w.round(records...))
			if err != nil && Classify(err).Class != BadData || len(results) < 2 {
				t.Fatalf("%+v, %v", results, err)
			}
			w.last += uint64(len(results))
			if err := server.Stop(pgtest.Immediate); err != nil {
				t.Fatal(err)
			}
			if err := server.StartAgain(t.Context()); err != nil {
				t.Fatal(err)
			}
			claimed, err := d.Claim(t.Context(), w.id, w.owner, 1, nil)
			for Classify(err).Retry == Transient { // the connections of before
				claimed, err = d.Claim(t.Context(), w.id, w.owner, 1, nil)
			}
			if err != nil || claimed[0].Number != w.last {
				t.Errorf("the ledger is at %+v, want %d, %v", claimed, w.last, err)
			}
		})
	}
}

func TestTransactionsAreSentTogetherOnlyToAServerItself(t *testing.T) {
	uri := pgtest.Database(t)
	bouncer, err := pgtest.Shared(t).StartBouncer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bouncer.Close(); err != nil {
			t.Error(err)
		}
	})
	for uri, want := range map[string]bool{uri: true, bouncer.URI("postgres") + "&default_query_exec_mode=exec": false} {
		conn := pgtest.Connect(t, uri)
		for range 2 { // the second answer is remembered
			if got, err := isDirect(t.Context(), conn); err != nil || got != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
	}
}
