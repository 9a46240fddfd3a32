package postgres

import (
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func tryClaim(t *testing.T, d *Database) error {
	t.Helper()
	_, err := d.Claim(t.Context(), uuid.NewString(), uuid.NewString(), 2, nil)
	return err
}

func TestManySidecarsMayStartOnAnEmptyDatabase(t *testing.T) {
	uri := pgtest.Database(t)
	var wg sync.WaitGroup
	for range 6 {
		d := open(t, Options{URI: fixed(uri)})
		wg.Go(func() {
			if err := tryClaim(t, d); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rows, err := pgtest.Connect(t, uri).Query(t.Context(), "SELECT version, name FROM progress_sync.schema_migrations ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	type applied struct {
		Version int
		Name    string
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[applied])
	if err != nil {
		t.Fatal(err)
	}
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	var want []applied
	for _, m := range all {
		want = append(want, applied{m.version, m.name})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the files (-) and what they entered (+):\n%s", diff)
	}
}

func TestManualWaitsUntilTheTablesAreThere(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual})
	f := Classify(tryClaim(t, d))
	if f.Class != SchemaMissing || f.Retry != Hold || !strings.Contains(f.Message, "sidecar migrate --print | psql") {
		t.Fatalf("without tables: %+v", f)
	}
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Connect(t, uri)
	for range 2 { // it may be run again
		pgtest.Execute(t, conn, sql)
	}
	if err := tryClaim(t, d); err != nil {
		t.Errorf("with tables: %v", err)
	}
}

func TestTablesThatVanishAreMadeAgain(t *testing.T) {
	for name, sql := range map[string]string{
		"the whole schema":   "DROP SCHEMA progress_sync CASCADE",
		"the progress table": "DROP TABLE progress_sync.lesson_progress CASCADE",
		"the ledger":         "DROP TABLE progress_sync.ledger",
		"the erasures":       "DROP TABLE progress_sync.erasures",
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			w := claim(t, open(t, Options{URI: fixed(uri)}))
			w.apply(t, watched(1))
			pgtest.Execute(t, pgtest.Connect(t, uri), sql)
			_, err := w.try(t.Context(), w.next(watched(1)))
			if f := Classify(err); f.Class != SchemaMissing || f.Retry != Hold {
				t.Errorf("the first attempt: %+v", f)
			}
			if _, err := w.try(t.Context(), w.next(watched(1))); err != nil {
				t.Errorf("the next attempt: %v", err)
			}
		})
	}
}

func TestADatabaseThatIsNewerThanTheProgram(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	if err := tryClaim(t, d); err != nil {
		t.Fatal(err)
	}
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, "INSERT INTO progress_sync.schema_migrations VALUES (1001, 'adds a column', 1)")
	if err := tryClaim(t, d); err != nil {
		t.Errorf("a compatible one: %v", err)
	}
	pgtest.Execute(t, conn, "INSERT INTO progress_sync.schema_migrations VALUES (1002, 'drops a column', 1002)")
	if f := Classify(tryClaim(t, d)); f.Class != SchemaTooNew || f.Retry != Hold || !strings.Contains(f.Message, "1002") {
		t.Errorf("one that needs a newer program: %+v", f)
	}
}

// TestRights walks a role up from none to all that the sidecar needs.
func TestRights(t *testing.T) {
	server := pgtest.Shared(t)
	ctx := t.Context()
	if err := server.CreateRole(ctx, "lms_role", "pw"); err != nil {
		t.Fatal(err)
	}
	super := pgtest.Connect(t, pgtest.Database(t))
	var name string
	if err := super.QueryRow(ctx, "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	uri := server.URI("lms_role", name)
	auto := open(t, Options{URI: fixed(uri)})

	f := Classify(tryClaim(t, auto))
	if f.Class != NoPrivilege || f.Retry != Hold || !strings.Contains(f.Message, "GRANT CREATE ON DATABASE") {
		t.Fatalf("without CREATE on the database: %+v", f)
	}
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, sql)
	f = Classify(tryClaim(t, auto))
	if f.Class != NoPrivilege || !strings.Contains(f.Message, grantTables) {
		t.Fatalf("without rights on the tables: %+v", f)
	}
	pgtest.Execute(t, super, strings.ReplaceAll(grantTables, "<role>", "lms_role"))
	w := claim(t, auto) // Auto needs no CREATE where nothing is to be created
	w.apply(t, watched(1))
	if got := read(t, auto, key(1)); got.UpdateCount != 1 {
		t.Errorf("read %+v", got)
	}

	pgtest.Execute(t, super, "DROP SCHEMA progress_sync CASCADE; GRANT CREATE ON DATABASE "+name+" TO lms_role")
	claim(t, open(t, Options{URI: fixed(uri)})).apply(t, watched(1))
	pgtest.Execute(t, super, "DROP OWNED BY lms_role; DROP ROLE lms_role")
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	for name, files := range map[string]fs.FS{
		"a gap":     fstest.MapFS{"sql/migrations/0001_a.sql": {}, "sql/migrations/0003_b.sql": {}},
		"no number": fstest.MapFS{"sql/migrations/first.sql": {}},
		"a double":  fstest.MapFS{"sql/migrations/0001_a.sql": {}, "sql/migrations/0001_b.sql": {}},
	} {
		t.Run(name, func(t *testing.T) {
			if all, err := migrations(files); err == nil {
				t.Errorf("it was taken: %v", all)
			}
		})
	}
}

func TestEveryColumnIsExplained(t *testing.T) {
	uri := pgtest.Database(t)
	claim(t, open(t, Options{URI: fixed(uri)}))
	rows, err := pgtest.Connect(t, uri).Query(t.Context(), `
		SELECT attname FROM pg_attribute
		WHERE attrelid = 'progress_sync.lesson_progress'::regclass AND attnum > 0
		  AND col_description(attrelid, attnum) IS NULL ORDER BY attnum`)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if diff := cmp.Diff([]string{"user_id", "course_id", "lesson_id"}, bare); err != nil || diff != "" {
		t.Errorf("columns without a comment: %v, %v", bare, err)
	}
}
