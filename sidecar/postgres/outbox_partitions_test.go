package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// outbox is a database whose schema is there, and a connection to it.
func outbox(tb testing.TB) (uri string, conn *pgx.Conn) {
	tb.Helper()
	uri = pgtest.Database(tb)
	sql, err := MigrationSQL(nil)
	if err != nil {
		tb.Fatal(err)
	}
	conn = pgtest.Connect(tb, uri)
	pgtest.Execute(tb, conn, sql)
	return uri, conn
}

const (
	addEvent = `INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq, created_at)
		VALUES (gen_random_uuid(), 'learner', 'u', 't', '{}', 'x', 1, now() - $1::integer * interval '1 day')`
	partitions = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'progress_sync.outbox'::regclass`
	events     = `SELECT count(*) FROM progress_sync.outbox`
)

func keep(tb testing.TB, conn *pgx.Conn, days int) *int {
	tb.Helper()
	return pgtest.Value[*int](tb, conn, "SELECT progress_sync.keep_outbox($1)", days)
}

func TestEventsGoWithTheirRetention(t *testing.T) {
	_, conn := outbox(t)
	for _, age := range []int{0, 3, 9} { // before any partition is there
		if _, err := conn.Exec(t.Context(), addEvent, age); err != nil {
			t.Fatal(err)
		}
	}
	if left := keep(t, conn, 7); left == nil || *left != 0 {
		t.Errorf("%v partitions are overdue", left)
	}
	if n := pgtest.Value[int](t, conn, events); n != 2 {
		t.Errorf("of events 0, 3 and 9 days old, %d are left after 7 days", n)
	}
	if n := pgtest.Value[int](t, conn, partitions); n != 4 {
		t.Errorf("%d partitions: the default one has events of today, so three days and itself were expected", n)
	}
	pgtest.Execute(t, conn, `
		CREATE TABLE progress_sync.outbox_20200101 (LIKE progress_sync.outbox INCLUDING ALL);
		ALTER TABLE progress_sync.outbox ATTACH PARTITION progress_sync.outbox_20200101 FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z');
		INSERT INTO progress_sync.outbox (id, aggregatetype, aggregateid, type, payload, target, seq, created_at)
		VALUES (gen_random_uuid(), 'learner', 'u', 't', '{}', 'x', 1, '2020-01-01 12:00Z')`)
	if left := keep(t, conn, 7); left == nil || *left != 0 || pgtest.Value[int](t, conn, events) != 2 || pgtest.Value[int](t, conn, partitions) != 4 {
		t.Errorf("a partition of an old day is not dropped: %v overdue", left)
	}
}

func TestAReaderOfOldEventsHoldsUpNoBatch(t *testing.T) {
	uri, conn := outbox(t)
	pgtest.Execute(t, conn, `
		CREATE TABLE progress_sync.outbox_20200101 (LIKE progress_sync.outbox INCLUDING ALL);
		ALTER TABLE progress_sync.outbox ATTACH PARTITION progress_sync.outbox_20200101 FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')`)
	reader := pgtest.Connect(t, uri)
	pgtest.Execute(t, reader, "BEGIN; SELECT count(*) FROM progress_sync.outbox")
	if left := keep(t, conn, 7); left == nil || *left != 1 {
		t.Errorf("%v partitions are overdue while one reads", left)
	}
	if _, err := conn.Exec(t.Context(), addEvent, 0); err != nil {
		t.Errorf("writing an event meanwhile: %v", err)
	}
	pgtest.Execute(t, reader, "COMMIT")
	if left := keep(t, conn, 7); left == nil || *left != 0 {
		t.Errorf("%v partitions are overdue after it", left)
	}
}

// A role that may only write rows has no right to make partitions.
func TestARoleWithoutRightsOnTheSchemaKeepsTheOutbox(t *testing.T) {
	_, conn := outbox(t)
	ctx := t.Context()
	for _, role := range []string{"events_writer", "events_nobody"} {
		if err := pgtest.Shared(t).CreateRole(ctx, role, "pw"); err != nil {
			t.Fatal(err)
		}
	}
	pgtest.Execute(t, conn, strings.ReplaceAll(grantTables, "<role>", "events_writer")+"GRANT USAGE ON SCHEMA progress_sync TO events_nobody")
	name := pgtest.Value[string](t, conn, "SELECT current_database()")
	writer := pgtest.Connect(t, pgtest.Shared(t).URI("events_writer", name))
	if left := keep(t, writer, 7); left == nil || *left != 0 || pgtest.Value[int](t, conn, partitions) != 5 {
		t.Errorf("the writer's call: %v overdue", left)
	}
	nobody := pgtest.Connect(t, pgtest.Shared(t).URI("events_nobody", name))
	if _, err := nobody.Exec(ctx, "SELECT progress_sync.keep_outbox(1)"); err == nil {
		t.Error("who may not delete events may drop them")
	}
	pgtest.Execute(t, conn, "DROP OWNED BY events_writer, events_nobody; DROP ROLE events_writer, events_nobody")
}
