package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// applying is true while a backend of the product waits for a lock in a write.
const applying = `SELECT count(*) > 0 FROM pg_stat_activity
	WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'WITH claim%'`

// lockRow writes key n and locks its row until the returned function is called.
func lockRow(t *testing.T, uri string, n int) (release func()) {
	t.Helper()
	conn := pgtest.Connect(t, uri)
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tag, err := tx.Exec(t.Context(), "SELECT FROM progress_sync.lesson_progress WHERE lesson_id = $1 FOR UPDATE", key(n).LessonID)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("locked %d rows, %v", tag.RowsAffected(), err)
	}
	return func() {
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

type answer struct {
	result Result
	err    error
}

// start applies a batch in the background.
func (w *writer) start(ctx context.Context, b progress.Batch) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		r, err := w.d.Apply(ctx, w.id, w.owner, w.last, b)
		answers <- answer{r, err}
	}()
	return answers
}

func TestABackendTerminatedInMidTransactionLosesAndDoublesNothing(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	w.apply(t, watched(1), watched(2))
	conn := pgtest.Connect(t, uri)
	release := lockRow(t, uri, 2)
	batch := w.next(watched(1), watched(2))
	answers := w.start(t.Context(), batch)
	until(t, conn, applying)
	pgtest.Execute(t, conn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	got := <-answers
	if f := Classify(got.err); f.Class != ShuttingDown || f.Retry != Transient {
		t.Errorf("a terminated backend is %+v", f)
	}
	release()
	if r, err := w.try(t.Context(), batch); err != nil || r.Outcome != Applied {
		t.Fatalf("the second attempt: %v, %v", r.Outcome, err)
	}
	for n := 1; n <= 2; n++ {
		if got := read(t, d, key(n)); got.UpdateCount != 2 || got.TimeSpent != 10_000_000 {
			t.Errorf("key %d: %d updates, %d µs", n, got.UpdateCount, got.TimeSpent)
		}
	}
}

func TestAnAnswerLostAfterTheCommitDoublesNothing(t *testing.T) {
	for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
		t.Run(string(mode), func(t *testing.T) {
			direct := pgtest.Database(t)
			p, uri := startProxy(t, direct)
			d := open(t, Options{URI: fixed(uri), ExecMode: mode})
			w := claim(t, d)
			w.apply(t, watched(1)) // the connection and its statements are there
			const rounds = 5
			for range rounds {
				batch := w.next(watched(1))
				p.armed.Store(true)
				_, err := w.try(t.Context(), batch)
				if f := Classify(err); f.Class != Unreachable || f.Retry != Transient {
					t.Fatalf("a cut connection is %+v", f)
				}
				if r, err := w.try(t.Context(), batch); err != nil || r.Outcome != AlreadyApplied {
					t.Fatalf("the second attempt: %v, %v", r.Outcome, err)
				}
				w.apply(t, watched(1)) // a new connection and its statements
			}
			if cuts := p.cuts.Load(); cuts != rounds {
				t.Fatalf("%d of %d connections were cut", cuts, rounds)
			}
			if got := read(t, d, key(1)); got.UpdateCount != 1+2*rounds || got.SeekEvents != 1+2*rounds {
				t.Errorf("%d updates, %d seeks", got.UpdateCount, got.SeekEvents)
			}
		})
	}
}

func TestAnAttemptThatStillRunsIsWaitedForAndCountedOnce(t *testing.T) {
	for name, mayFinish := range map[string]bool{"it commits": true, "it is rolled back": false} {
		t.Run(name, func(t *testing.T) {
			direct := pgtest.Database(t)
			p, uri := startProxy(t, direct)
			d := open(t, Options{URI: fixed(uri)})
			w := claim(t, d)
			w.apply(t, watched(1))
			conn := pgtest.Connect(t, direct)
			release := lockRow(t, direct, 1)
			batch := w.next(watched(1))

			first := w.start(t.Context(), batch)
			until(t, conn, applying)
			var zombie int
			if err := conn.QueryRow(t.Context(), `SELECT pid FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&zombie); err != nil {
				t.Fatal(err)
			}
			p.cutAll()
			if got := <-first; Classify(got.err).Class != Unreachable {
				t.Fatalf("a cut connection gives %+v, %v", got.result, got.err)
			}
			second := w.start(t.Context(), batch)
			until(t, conn, `SELECT count(*) = 2 FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`)

			want := AlreadyApplied
			if !mayFinish {
				want = Applied
				pgtest.Execute(t, conn, "SELECT pg_terminate_backend($1)", zombie)
			}
			release()
			if got := <-second; got.err != nil || got.result.Outcome != want {
				t.Errorf("the second attempt: %v, %v, want %v", got.result.Outcome, got.err, want)
			}
			if got := read(t, d, key(1)); got.UpdateCount != 2 {
				t.Errorf("%d updates, want 2", got.UpdateCount)
			}
		})
	}
}

func TestAFencedAttemptThatStillRunsIsOverBeforeTheClaimReturns(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	w.apply(t, watched(1))
	conn := pgtest.Connect(t, uri)
	release := lockRow(t, uri, 1)
	old := w.start(t.Context(), w.next(watched(1)))
	until(t, conn, applying)

	type claimed struct {
		numbers []uint64
		err     error
	}
	claims := make(chan claimed, 1)
	go func() {
		rows, err := d.Claim(t.Context(), w.id, uuid.NewString(), 1, nil)
		var numbers []uint64
		for _, row := range rows {
			numbers = append(numbers, row.Number)
		}
		claims <- claimed{numbers, err}
	}()
	until(t, conn, `SELECT count(*) = 2 FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	release()
	if got := <-old; got.err != nil || got.result.Outcome != Applied {
		t.Errorf("the old owner got %v, %v", got.result.Outcome, got.err)
	}
	if got := <-claims; got.err != nil || !slices.Equal(got.numbers, []uint64{2}) {
		t.Errorf("the claim says %v, %v, want the old owner's batch 2", got.numbers, got.err)
	}
}

func TestWritersOfTheSameKeysDoNotDeadlock(t *testing.T) {
	uri := pgtest.Database(t)
	const keys, rounds, writers = 40, 15, 3
	records := make([]progress.Record, keys)
	for i := range records {
		records[i] = watched(i)
		records[i].LessonID = fmt.Sprintf("%c %04d", "aBcDéÉ"[i%6], i)
	}
	reversed := slices.Clone(records)
	slices.Reverse(reversed)
	var wg sync.WaitGroup
	for i := range writers {
		w := claim(t, open(t, Options{URI: fixed(uri)}))
		mine := records
		if i%2 == 1 {
			mine = reversed
		}
		wg.Go(func() {
			for range rounds {
				if r, err := w.try(t.Context(), w.next(mine...)); err != nil || r.Outcome != Applied {
					t.Errorf("%v, %v", r.Outcome, err)
					return
				}
			}
		})
	}
	wg.Wait()
	var deadlocks, wrong int
	conn := pgtest.Connect(t, uri)
	if err := conn.QueryRow(t.Context(), `SELECT deadlocks, (SELECT count(*) FROM progress_sync.lesson_progress
		WHERE update_count <> $1) FROM pg_stat_database WHERE datname = current_database()`,
		writers*rounds).Scan(&deadlocks, &wrong); err != nil {
		t.Fatal(err)
	}
	if deadlocks != 0 || wrong != 0 {
		t.Errorf("%d deadlocks, %d rows with a wrong count", deadlocks, wrong)
	}
}

func TestThePlanSortsBeforeItInserts(t *testing.T) {
	uri := pgtest.Database(t)
	claim(t, open(t, Options{URI: fixed(uri)}))
	conn := pgtest.Connect(t, uri)
	for _, plan := range []string{"force_custom_plan", "force_generic_plan"} {
		pgtest.Execute(t, conn, "SELECT set_config('plan_cache_mode', $1, false)", plan)
		pgtest.Execute(t, conn, "PREPARE apply AS "+applySQL(ownTable()))
		arguments := "gen_random_uuid(), 0, gen_random_uuid(), 2, 1, 7" + strings.Repeat(", NULL", len(progress.Fields()))
		rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS OFF) EXECUTE apply("+arguments+")", pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(lines, "\n")
		insert, sort := strings.Index(text, "Insert on lesson_progress"), strings.Index(text, "Sort Key: r.user_id COLLATE")
		if insert < 0 || sort < insert || !strings.Contains(text, "lesson_id COLLATE") {
			t.Errorf("with %s nothing sorts below the insert:\n%s", plan, text)
		}
		pgtest.Execute(t, conn, "DEALLOCATE apply")
	}
}

func TestAFrozenServerHangsNothingBeyondItsDeadline(t *testing.T) {
	server, err := pgtest.Start(t.Context(), pgtest.Options{Config: pgtest.Relaxed()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	d := New(Options{URI: fixed(server.URI(pgtest.Superuser, "postgres")), ReadTimeout: 200 * time.Millisecond})
	defer d.Close()
	defer server.Thaw() // so that connections close at once
	w := claim(t, d)
	w.apply(t, watched(1))
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // on the open connection, and on a new one
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err = w.try(ctx, w.next(watched(1)))
		if f := Classify(err); f.Class != Unreachable || ctx.Err() == nil {
			t.Errorf("Apply on a frozen server: %+v, deadline %v", f, ctx.Err())
		}
		cancel()
		if _, err := d.readAll(t.Context(), Filter(key(1))); Classify(err).Class != Unreachable {
			t.Errorf("Read on a frozen server: %v", err)
		}
	}
	server.Thaw()
	// The first attempt may have reached the server; the ledger knows.
	if r, err := w.try(t.Context(), w.next(watched(1))); err != nil || r.Outcome != Applied && r.Outcome != AlreadyApplied {
		t.Errorf("after the thaw: %v, %v", r.Outcome, err)
	}
	if got := read(t, d, key(1)); got.UpdateCount != 2 {
		t.Errorf("%d updates, want 2", got.UpdateCount)
	}
}

func TestTheServerGivesUpBeforeTheClient(t *testing.T) {
	for name, tt := range map[string]struct {
		options  Options
		deadline time.Duration
	}{
		"at the statement timeout":      {Options{StatementTimeout: 100 * time.Millisecond}, time.Minute},
		"below the caller's deadline":   {Options{StatementTimeout: time.Minute}, time.Second},
		"without prepared statements":   {Options{StatementTimeout: 100 * time.Millisecond, ExecMode: config.ExecModeExec}, time.Minute},
		"with described statements too": {Options{StatementTimeout: 100 * time.Millisecond, ExecMode: config.ExecModeCacheDescribe}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			patient := claim(t, open(t, Options{URI: fixed(uri)}))
			patient.apply(t, watched(1))
			tt.options.URI = fixed(uri)
			w := claim(t, open(t, tt.options))
			release := lockRow(t, uri, 1)
			defer release()
			ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
			defer cancel()
			_, err := w.try(ctx, w.next(watched(1)))
			if f := Classify(err); f.SQLState != "57014" || f.Class != Overloaded {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestAReadOnlyServerIsLeftBehind(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri), MaxConnections: 1})
	w := claim(t, d)
	w.apply(t, watched(1))
	conn := pgtest.Connect(t, uri)
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	// Only sessions that start after this are read-only.
	pgtest.Execute(t, conn, "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	pgtest.Execute(t, conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	batch := w.next(watched(1))
	var failure Failure
	for failure.Class != ReadOnly {
		if _, err := w.try(t.Context(), batch); err == nil {
			t.Fatal("a read-only server took a write")
		} else {
			failure = Classify(err)
		}
		if failure.Retry != Transient {
			t.Fatalf("got %+v", failure)
		}
	}
	pgtest.Execute(t, conn, "ALTER DATABASE "+name+" RESET default_transaction_read_only")
	if r, err := w.try(t.Context(), batch); err != nil || r.Outcome != Applied {
		t.Errorf("the next attempt kept the connection: %v, %v", r.Outcome, err)
	}
}
