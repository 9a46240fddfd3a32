package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// statement is one that a message tells to run.
var statement = regexp.MustCompile(`(?:CREATE|ALTER|GRANT|DROP|REINDEX|SELECT setval) ?[^;]*;`)

// statementsIn takes the statements out of a message, as a reader would.
func statementsIn(tb testing.TB, message string) []string {
	tb.Helper()
	found := statement.FindAllString(message, -1)
	if len(found) == 0 {
		tb.Fatalf("there is no statement in: %s", message)
	}
	return found
}

// limitedRole makes a role that owns nothing and has the rights on our tables that
// the docs tell, and returns it with its connection string.
func limitedRole(t *testing.T, owner *pgx.Conn, name string) string {
	t.Helper()
	server := pgtest.Shared(t)
	if err := server.CreateRole(t.Context(), name, "pw"); err != nil {
		t.Fatal(err)
	}
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, owner, sql)
	for _, grant := range statementsIn(t, grantTables) {
		pgtest.Execute(t, owner, strings.ReplaceAll(grant, "<role>", name))
	}
	t.Cleanup(func() {
		if _, err := owner.Exec(context.Background(), fmt.Sprintf("DROP OWNED BY %[1]s; DROP ROLE %[1]s", name)); err != nil {
			t.Error(err)
		}
	})
	var database string
	if err := owner.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	return server.URI(name, database)
}

// follow runs the statements of the check's message until there is none, as the
// owner, and returns the first message and the last report.
func follow(t *testing.T, owner *pgx.Conn, d *Database, role string, tell func(message string)) (first string, report SchemaReport) {
	t.Helper()
	for range 5 {
		report, err := d.Check(t.Context())
		if err == nil {
			return first, report
		}
		if first == "" {
			first = err.Error()
		}
		tell(err.Error())
		for _, sql := range statementsIn(t, err.Error()) {
			pgtest.Execute(t, owner, strings.ReplaceAll(sql, "<role>", role))
		}
	}
	_, err := d.Check(t.Context())
	t.Fatalf("what it says does not help: %v", err)
	return "", report
}

// writeAndErase writes two batches of other keys and one of the same, and erases
// a learner.
func writeAndErase(t *testing.T, d *Database, rows func() int) {
	t.Helper()
	w := claim(t, d)
	at := func(user, lesson string) progress.Record {
		return seconds(progress.Key{UserID: user, CourseID: "1", LessonID: lesson}, 1, 1)
	}
	before := rows()
	w.apply(t, at("1", "1"), at("1", "2"))
	w.apply(t, at("2", "1"), at("2", "2"))
	w.apply(t, at("1", "1"), at("2", "2"))
	if n := rows() - before; n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
	got := read(t, d, progress.Key{UserID: "2", CourseID: "1", LessonID: "2"})
	if got.SeekEvents != 2 {
		t.Errorf("read %+v", got)
	}
	if erased, err := d.Erase(t.Context(), "1", (someTime + 60e6).Time()); err != nil || erased.Rows != 2 {
		t.Errorf("erased %+v, %v", erased, err)
	}
	if n := rows() - before; n != 2 {
		t.Errorf("%d rows after the erasure, want 2", n)
	}
}

// faulty is a table that can't be used as it is: progress, with a key of text
// columns and seeks, and more.
type faulty struct {
	columns string // further ones, and constraints
	more    string // further statements
	rights  string // instead of those that the docs tell
	change  func(*config.Mapping)
	// tell is what else a reader does who has read a message.
	tell func(message string, m *config.Mapping)
	says string
}

func faults() map[string]faulty {
	const key, unique = "", ", UNIQUE (learner, course, lesson)"
	fix := func(column, value string) func(*config.Mapping) {
		return func(m *config.Mapping) { m.Fixed = map[string]string{column: value} }
	}
	return map[string]faulty{
		"no unique index":         {columns: key, says: "there is no unique index on the key: CREATE UNIQUE INDEX CONCURRENTLY"},
		"a deferrable constraint": {columns: unique + " DEFERRABLE", says: `the constraint "progress_learner_course_lesson_key" is deferrable`},
		"a partial index":         {more: "CREATE UNIQUE INDEX part ON progress (learner, course, lesson) WHERE seeks > 0", says: "part is partial"},
		"an index of expressions": {more: "CREATE UNIQUE INDEX ON progress (lower(learner), course, lesson)", says: "there is no unique index on the key"},
		"an index that is not valid": {
			more: `CREATE UNIQUE INDEX broken ON progress (learner, course, lesson); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass`,
			says: "the unique index broken on the key is not valid",
		},
		"partitions by the key": {
			columns: ") PARTITION BY LIST (course", more: "CREATE TABLE a PARTITION OF progress DEFAULT", says: "CREATE UNIQUE INDEX ON",
		},
		"partitions by a fixed column": {
			columns: ", tenant integer NOT NULL) PARTITION BY RANGE (tenant", more: "CREATE TABLE a PARTITION OF progress DEFAULT",
			change: fix("tenant", "7"), says: `("learner", "course", "lesson", "tenant")`,
		},
		"partitions of partitions": {
			columns: ", tenant integer NOT NULL) PARTITION BY LIST (course",
			more:    "CREATE TABLE a PARTITION OF progress DEFAULT PARTITION BY HASH (tenant); CREATE TABLE b PARTITION OF a FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
			change:  fix("tenant", "7"), says: `("learner", "course", "lesson", "tenant")`,
		},
		"no rights":          {columns: unique, rights: "REVOKE ALL ON progress FROM <role>", says: "may not SELECT, INSERT, UPDATE, DELETE"},
		"no right to update": {columns: unique, rights: "GRANT SELECT, INSERT ON progress TO <role>", says: "may not UPDATE, DELETE"},
		"no right to delete": {columns: unique, rights: "GRANT SELECT, INSERT, UPDATE ON progress TO <role>", says: "may not delete rows, so learners can't be erased"},
		"a schema that is closed": {
			columns: unique, more: "CREATE SCHEMA closed; ALTER TABLE progress SET SCHEMA closed", rights: "GRANT ALL ON closed.progress TO <role>",
			change: func(m *config.Mapping) { m.Schema = "closed" }, says: "may not use its schema",
		},
		"a serial column":         {columns: ", id serial PRIMARY KEY" + unique, says: "the sequence progress_id_seq, which the role may not use"},
		"a sequence of its own":   {columns: `, id bigint` + unique, more: `CREATE SEQUENCE "My Seq"; ALTER TABLE progress ALTER id SET DEFAULT nextval('"My Seq"')`, says: `GRANT USAGE ON SEQUENCE "My Seq"`},
		"a function in a default": {columns: unique, more: closedFunction + "ALTER TABLE progress ADD code text DEFAULT made(1)", says: "GRANT EXECUTE ON FUNCTION made(integer)"},
		"a function in a check":   {columns: unique, more: closedFunction + "ALTER TABLE progress ADD CHECK (made(seeks) <> '')", says: "GRANT EXECUTE ON FUNCTION made(integer)"},
		"a function in an index":  {columns: unique, more: closedFunction + "CREATE INDEX ON progress (made(seeks))", says: "GRANT EXECUTE ON FUNCTION made(integer)"},
		"a function of a generated column": {columns: unique, more: closedFunction + "ALTER TABLE progress ADD code text GENERATED ALWAYS AS (made(seeks)) STORED",
			says: "GRANT EXECUTE ON FUNCTION made(integer)"},
		"row-level security without a policy": {columns: unique, more: "ALTER TABLE progress ENABLE ROW LEVEL SECURITY", says: "it has no policy for SELECT, INSERT, UPDATE, DELETE"},
		"row-level security without one to delete": {
			columns: unique, more: "ALTER TABLE progress ENABLE ROW LEVEL SECURITY; " +
				"CREATE POLICY s ON progress FOR SELECT USING (true); CREATE POLICY i ON progress FOR INSERT WITH CHECK (true); CREATE POLICY u ON progress FOR UPDATE USING (true)",
			says: "it has no policy for DELETE, so learners can't be erased",
		},
		"a policy that hides rows": {
			columns: unique, more: "ALTER TABLE progress ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON progress USING (learner = current_user)",
			says: "row-level security may hide rows",
		},
		"a policy that restricts": {
			columns: unique, more: "ALTER TABLE progress ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON progress USING (true); CREATE POLICY r ON progress AS RESTRICTIVE USING (learner = current_user)",
			says: "ALTER ROLE <role> BYPASSRLS",
		},
		"a rule for insert": {columns: unique, more: "CREATE RULE quiet AS ON INSERT TO progress DO INSTEAD NOTHING", says: "no ON CONFLICT for a table with a rule"},
		"a rule for update": {columns: unique, more: `CREATE RULE "my rule" AS ON UPDATE TO progress DO ALSO NOTIFY changed`, says: `DROP RULE "my rule"`},
		"a rule for delete": {columns: unique, more: "CREATE RULE soft AS ON DELETE TO progress DO INSTEAD UPDATE progress SET seeks = 0 WHERE learner = old.learner", says: "learners may not be erased"},
		"a text id":         {columns: ", id text PRIMARY KEY" + unique, says: `"id" SET DEFAULT gen_random_uuid()::text`},
		"a fixed text id": {
			columns: ", id text PRIMARY KEY" + unique, change: fix("id", "x"), says: "take id out of database.mapping.fixed",
			tell: func(message string, m *config.Mapping) {
				if strings.Contains(message, "take id out") {
					m.Fixed = nil
				}
			},
		},
		"a short text id":             {columns: ", id varchar(25) PRIMARY KEY" + unique, says: "left(replace(gen_random_uuid()::text, '-', ''), 25)"},
		"a uuid":                      {columns: ", id uuid PRIMARY KEY" + unique, says: `"id" SET DEFAULT gen_random_uuid();`},
		"a bigint":                    {columns: ", id bigint PRIMARY KEY" + unique, more: "INSERT INTO progress (learner, course, lesson, id) VALUES ('app', 'app', 'app', 41)", says: "CREATE SEQUENCE"},
		"an integer in partitions":    {columns: ", id integer NOT NULL, PRIMARY KEY (id, course), UNIQUE (learner, course, lesson)) PARTITION BY LIST (course", more: "CREATE TABLE a PARTITION OF progress DEFAULT", says: `"id" must have a value`},
		"a text with one default":     {columns: ", slug text NOT NULL DEFAULT '' UNIQUE" + unique, says: `the unique index progress_slug_key would refuse every row after the first`},
		"a null that is like another": {columns: ", slug text, UNIQUE NULLS NOT DISTINCT (slug)" + unique, says: `the unique index progress_slug_key would refuse every row after the first`},
		"times":                       {columns: ", created_at timestamp(6) NOT NULL, updated_at timestamptz NOT NULL" + unique, says: `"created_at" SET DEFAULT (now() AT TIME ZONE 'UTC')`},
		"what must have a value": {
			columns: ", a integer NOT NULL, b boolean NOT NULL, c jsonb NOT NULL, d date NOT NULL, e text[] NOT NULL, f varchar(3) NOT NULL, g numeric NOT NULL, h uuid NOT NULL" + unique,
			says:    `column "a" must have a value and has no default: map a field to it, or give it a fixed value, or run as the owner`,
		},
		"published updates": {columns: unique, more: "CREATE PUBLICATION p FOR TABLE progress", says: "REPLICA IDENTITY FULL"},
		"a time that must be known": {
			columns: ", done_at timestamptz NOT NULL" + unique, change: func(m *config.Mapping) { m.Columns["completedAt"] = "done_at" }, says: `"done_at" DROP NOT NULL`,
		},
		"a fraction in an integer": {
			columns: ", completion integer" + unique, says: "TYPE double precision",
			change: func(m *config.Mapping) {
				m.Columns["percentage"], m.Scale = "completion", map[string]string{"percentage": "0.01"}
			},
		},
		"a key of any case": {
			columns: unique, more: "CREATE EXTENSION citext; ALTER TABLE progress ALTER learner TYPE citext", says: `"learner" TYPE text`,
		},
	}
}

const closedFunction = `CREATE FUNCTION made(n integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'made' || n $$;
	REVOKE EXECUTE ON FUNCTION made FROM PUBLIC; `

func TestWhatTheCheckSaysHelpsWhenFollowedToTheLetter(t *testing.T) {
	const role = "follower"
	for name, c := range faults() {
		t.Run(name, func(t *testing.T) {
			owner := pgtest.Connect(t, pgtest.Database(t))
			uri := limitedRole(t, owner, role)
			pgtest.Execute(t, owner, "SET allow_system_table_mods = on")
			pgtest.Execute(t, owner, "CREATE TABLE progress (learner text, course text, lesson text, seeks integer"+c.columns+")")
			if c.more != "" {
				pgtest.Execute(t, owner, c.more)
			}
			rights := c.rights
			if rights == "" {
				rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON progress TO <role>"
			}
			pgtest.Execute(t, owner, strings.ReplaceAll(rights, "<role>", role))
			m := &config.Mapping{
				Schema: "public", Table: "progress", KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
				Columns: map[string]string{"seekEvents": "seeks"},
			}
			if c.change != nil {
				c.change(m)
			}
			d := open(t, Options{URI: fixed(uri), Mapping: m, Migrations: config.MigrationsManual})
			first, _ := follow(t, owner, d, role, func(message string) {
				if c.tell != nil {
					c.tell(message, m)
				}
			})
			if !strings.Contains(first, c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, first)
			}
			writeAndErase(t, d, func() (n int) {
				if err := owner.QueryRow(t.Context(), "SELECT count(*) FROM "+nameOf(m)).Scan(&n); err != nil {
					t.Fatal(err)
				}
				return n
			})
		})
	}
}
