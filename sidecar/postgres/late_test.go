package postgres

import (
	"context"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// process claims the rows of a new spool for a process that makes its own tokens.
func process(t *testing.T, d *Database) (*writer, *Owner) {
	t.Helper()
	tokens := NewOwner()
	w := &writer{d: d, id: uuid.NewString(), owner: tokens.Next()}
	if _, err := d.Claim(t.Context(), w.id, w.owner, 1, nil); err != nil {
		t.Fatal(err)
	}
	return w, tokens
}

// Else a batch that the spool has split or set aside meanwhile is written under a
// number that the spool does not know, and its halves once more.
func TestWhatReachesTheServerAfterTheLedgerWasRenewedChangesNothing(t *testing.T) {
	for name, send := range map[string]func(context.Context, *writer, *Owner) error{
		"a batch": func(ctx context.Context, w *writer, _ *Owner) error {
			_, err := w.try(ctx, w.next(watched(1)))
			return err
		},
		"a round": func(ctx context.Context, w *writer, _ *Owner) error {
			_, err := w.d.ApplyRound(ctx, w.id, w.owner, w.last, w.round(watched(1), watched(1)))
			return err
		},
		"a move of the ledger": func(ctx context.Context, w *writer, _ *Owner) error {
			return w.d.MoveLedger(ctx, w.id, w.owner, 0, 9)
		},
		"an earlier renewal": func(ctx context.Context, w *writer, tokens *Owner) error {
			_, err := w.d.RenewLedger(ctx, w.id, tokens.Next(), 1)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			direct := pgtest.Database(t)
			p, uri := startProxy(t, direct)
			d := open(t, Options{URI: fixed(uri)})
			w, tokens := process(t, d)
			// All statements are prepared, so that each takes one message.
			w.warm(t, []progress.Record{watched(1), watched(1)})
			if err := d.MoveLedger(t.Context(), w.id, w.owner, 0, w.last); err != nil {
				t.Fatal(err)
			}
			w.owner = tokens.Next()
			rowsOf(t, d, w, 1)
			conn := pgtest.Connect(t, direct)
			backend := pgtest.Value[int](t, conn, `SELECT pid FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`)
			signal(t, backend, syscall.SIGSTOP)
			defer signal(t, backend, syscall.SIGCONT)

			asked := p.asked.n.Load()
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			answered := make(chan error, 1)
			go func() { answered <- send(ctx, w, tokens) }()
			kit.Eventually(t, "it is sent", func() error { return kit.Unless(p.asked.n.Load() > asked, "nothing is sent") })
			giveUp()
			if err := <-answered; Classify(err).Class != Unreachable {
				t.Fatalf("an attempt that was given up: %v", err)
			}
			w.owner = tokens.Next()
			rows, err := d.RenewLedger(t.Context(), w.id, w.owner, 1)
			if err != nil || len(rows) != 1 || !rows[0].Ours || rows[0].Number != 2 {
				t.Fatalf("%+v, %v", rows, err)
			}
			signal(t, backend, syscall.SIGCONT)
			until(t, conn, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", backend)
			if n := pgtest.Value[int64](t, conn, "SELECT batch_no FROM progress_sync.ledger WHERE writer_id = $1", w.id); n != 2 {
				t.Errorf("the ledger is at %d", n)
			}
			w.apply(t, watched(1)) // the row is still ours
			if got := read(t, d, key(1)); got.UpdateCount != 3 {
				t.Errorf("%d updates, want 3", got.UpdateCount)
			}
		})
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil && s != syscall.SIGCONT { // it may have ended
		t.Fatal(err)
	}
}

func TestARowThatFellBackToAnEarlierTokenIsStillOfTheProcess(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w, tokens := process(t, d)
	w.apply(t, watched(1))
	first := w.owner
	for range 2 {
		w.owner = tokens.Next()
		rowsOf(t, d, w, 1)
	}
	w.apply(t, watched(1))
	pgtest.Execute(t, pgtest.Connect(t, uri), "UPDATE progress_sync.ledger SET batch_no = 1, batch_id = $2, owner = $3 WHERE writer_id = $1",
		w.id, int64(batchID(1)), first)
	if r, err := w.try(t.Context(), w.next(watched(1))); err != nil || r.Outcome != Fenced || r.Claims != 1 {
		t.Errorf("under the newer token, before a renewal: %+v, %v", r, err)
	}
	w.owner = tokens.Next()
	want := []LedgerRow{{Exists: true, Ours: true, Number: 1, BatchID: batchID(1), Claims: 1}}
	if diff := cmp.Diff(want, rowsOf(t, d, w, 1)); diff != "" {
		t.Error(diff)
	}
	w.last = 1
	w.apply(t, watched(1))
}

func TestTheTokensOfAProcessRiseAndAreNoOthers(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w, tokens := process(t, d)
	for range 300 { // past a byte of the counter
		w.owner = tokens.Next()
	}
	if rows := rowsOf(t, d, w, 1); !rows[0].Ours {
		t.Errorf("%+v", rows)
	}
	for name, other := range map[string]string{
		"of another process":         NewOwner().Next(),
		"of a version without these": uuid.NewString(),
		"an earlier one":             nthToken(tokens, 7),
	} {
		if rows, err := d.RenewLedger(t.Context(), w.id, other, 1); err != nil || rows[0].Ours {
			t.Errorf("%s: %+v, %v", name, rows, err)
		}
	}
	w.apply(t, watched(1)) // under the newest token, as nobody has taken the row
}

// nthToken is the token that a process has made as its n-th.
func nthToken(o *Owner, n uint32) string {
	return (&Owner{process: o.process, made: n - 1}).Next()
}
