package postgres

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func fixed(uri string) func() (string, error) {
	return func() (string, error) { return uri, nil }
}

// open returns a Database that is closed at the test's end.
func open(tb testing.TB, options Options) *Database {
	tb.Helper()
	d := New(options)
	tb.Cleanup(d.Close)
	return d
}

// writer is a spool and the process that writes for it, as flush would.
type writer struct {
	d         *Database
	id, owner string
	last      uint64
}

func claim(tb testing.TB, d *Database) *writer {
	tb.Helper()
	w := &writer{d: d, id: uuid.NewString(), owner: uuid.NewString()}
	claimed, err := d.Claim(tb.Context(), w.id, w.owner, 1, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if len(claimed) != 1 || claimed[0] != (Claimed{Claims: 1}) {
		tb.Fatalf("a new spool's ledger is at %+v", claimed)
	}
	return w
}

// next is the batch after the last one.
func (w *writer) next(records ...progress.Record) progress.Batch {
	return progress.Batch{Number: w.last + 1, ID: batchID(w.last + 1), Records: records}
}

// batchID is an id for a number, of more than 32 bits, and not only in its lowest two.
func batchID(number uint64) uint64 { return 1<<62 + number<<2 }

func (w *writer) try(ctx context.Context, b progress.Batch) (Result, error) {
	r, err := w.d.Apply(ctx, w.id, w.owner, w.last, b)
	if err == nil && (r.Outcome == Applied || r.Outcome == AlreadyApplied) {
		w.last = b.Number
	}
	return r, err
}

// apply writes records as the next batch.
func (w *writer) apply(tb testing.TB, records ...progress.Record) Result {
	tb.Helper()
	r, err := w.try(tb.Context(), w.next(records...))
	if err != nil {
		tb.Fatal(err)
	}
	if r.Outcome != Applied {
		tb.Fatalf("a new batch is %v", r.Outcome)
	}
	return r
}

func key(n int) progress.Key {
	return progress.Key{UserID: "learner", CourseID: "course", LessonID: fmt.Sprintf("lesson %04d", n)}
}

const someTime = progress.Instant(1_700_000_000_000_000)

// watched is a record of one update of key n.
func watched(n int) progress.Record {
	return progress.Update{
		Key: key(n), CurrentTime: progress.Some(10), WatchedDelta: progress.Some(5), SeekEvents: 1,
	}.Record(someTime, 95)
}

// readAll reads without asking how far a writer has come.
func (d *Database) readAll(ctx context.Context, filter Filter) ([]progress.Record, error) {
	snapshot, err := d.ReadAt(ctx, uuid.NewString(), filter)
	return snapshot.Records, err
}

func read(tb testing.TB, d *Database, k progress.Key) progress.Record {
	tb.Helper()
	records, err := d.readAll(tb.Context(), Filter(k))
	if err != nil {
		tb.Fatal(err)
	}
	if len(records) != 1 {
		tb.Fatalf("read %d records of one key", len(records))
	}
	return records[0]
}

// until waits for a query to return true.
func until(tb testing.TB, conn *pgx.Conn, query string, arguments ...any) {
	tb.Helper()
	kit.Eventually(tb, query, func() error { return kit.Unless(pgtest.Value[bool](tb, conn, query, arguments...), false) })
}
