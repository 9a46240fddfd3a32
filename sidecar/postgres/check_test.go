package postgres

import (
	"strings"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestCheckSaysWhatIsMissingAndChangesNothing(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	d := open(t, Options{URI: fixed(uri), Mapping: foreignMapping()})
	_, err := d.Check(t.Context())
	if err == nil {
		t.Fatal("an empty database is fine")
	}
	for _, want := range []string{"The tables in schema progress_sync are missing. Apply them", `"Campus"."user progress"`, "there is no such table"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q:\n%v", want, err)
		}
	}
	var made bool
	if err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'progress_sync')").Scan(&made); err != nil || made {
		t.Errorf("it made the schema, %v", err)
	}
	sql, err := MigrationSQL(foreignMapping())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`column "pos""ition" for positionSeconds: a number type`, `column "tenant_id", which gets a fixed value`} {
		if !strings.Contains(sql, want) {
			t.Errorf("the plan does not say %q", want)
		}
	}
	if strings.Contains(sql, "DROP TABLE x") {
		t.Error("the plan prints a fixed value")
	}
	pgtest.Execute(t, conn, sql)
	pgtest.Execute(t, conn, foreignTable)
	report, err := d.Check(t.Context())
	if err != nil || report.Version != report.Needed || report.Table != `"Campus"."user progress"` {
		t.Errorf("%+v, %v", report, err)
	}
	// What it finds fine can be written to.
	r := watched(1)
	r.Key = foreignKey
	claim(t, d).apply(t, r)
}

func TestCheckNamesMissingRights(t *testing.T) {
	server := pgtest.Shared(t)
	super := pgtest.Connect(t, pgtest.Database(t))
	if err := server.CreateRole(t.Context(), "reader_role", "pw"); err != nil {
		t.Fatal(err)
	}
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, sql)
	pgtest.Execute(t, super, "GRANT USAGE ON SCHEMA progress_sync TO reader_role; GRANT SELECT ON ALL TABLES IN SCHEMA progress_sync TO reader_role")
	var name string
	if err := super.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, Options{URI: fixed(server.URI("reader_role", name))}).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), grantTables) {
		t.Errorf("got %v", err)
	}
	pgtest.Execute(t, super, "DROP OWNED BY reader_role; DROP ROLE reader_role")
}
