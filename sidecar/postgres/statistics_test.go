package postgres

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/stats"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// The SQL of the docs must open the views and nothing else to a reporting tool.
func TestARoleForReportsReadsTheViewsAndNothingElse(t *testing.T) {
	page, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	grant := regexp.MustCompile("(?s)```sql\n(CREATE ROLE .*?)```").FindSubmatch(page)
	if grant == nil {
		t.Fatal("the page has no CREATE ROLE")
	}
	server := pgtest.Shared(t)
	super := pgtest.Connect(t, pgtest.Database(t))
	var name string
	if err := super.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	sql, err := MigrationSQL(nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, sql)
	if err := server.CreateRole(t.Context(), "metabase", "pw"); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, string(grant[1]))
	defer pgtest.Execute(t, super, "DROP OWNED BY progress_reports; DROP ROLE progress_reports; DROP ROLE metabase")
	pgtest.Execute(t, super, `INSERT INTO progress_sync.lesson_progress (user_id, course_id, lesson_id, update_count, percentage) VALUES ('u', 'c', 'l', 1, 30)`)
	reader := pgtest.Connect(t, server.URI("metabase", name))
	for _, v := range views {
		if got := pgtest.Value[int](t, reader, "SELECT count(*)::int FROM progress_sync."+string(v.name)); got != 1 {
			t.Errorf("%s has %d rows for the role", v.name, got)
		}
	}
	for title, sql := range dashboardQueries(t) {
		if _, err := reader.Exec(t.Context(), sql); err != nil {
			t.Errorf("the dashboard's %q: %v", title, err)
		}
	}
	tables := lines(t, super, "SELECT relname FROM pg_class WHERE relnamespace = 'progress_sync'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1")
	if len(tables) < 6 {
		t.Fatalf("the tables are %v", tables)
	}
	for _, table := range tables {
		for _, refused := range []string{"TABLE progress_sync." + table, "DELETE FROM progress_sync." + table, "INSERT INTO progress_sync." + table + " DEFAULT VALUES"} {
			_, err := reader.Exec(t.Context(), refused)
			if denied, ok := errors.AsType[*pgconn.PgError](err); !ok || denied.Code != "42501" {
				t.Errorf("%s: %v", refused, err)
			}
		}
	}
}

// dashboardQueries are those of the dashboard in the docs as Grafana would send them, by
// the titles of their panels.
func dashboardQueries(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/statistics.grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RawSQL string }
		}
		Templating struct {
			List []struct{ Type, Name, Query string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for _, p := range dashboard.Panels {
		queries[p.Title] = p.Targets[0].RawSQL
	}
	for _, v := range dashboard.Templating.List {
		if v.Type == "query" {
			queries["choice of a "+v.Name] = v.Query
		}
	}
	if len(queries) < 9 {
		t.Fatalf("the dashboard has %d queries", len(queries))
	}
	within := regexp.MustCompile(`\$__timeFilter\((\w+)\)`)
	for title, sql := range queries {
		queries[title] = within.ReplaceAllString(strings.ReplaceAll(sql, "$course", "c"), "$1 BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00Z'")
	}
	return queries
}

// A build that keeps a large table's writes waiting is an outage.
func TestTheMigrationIndexesASmallTableOnly(t *testing.T) {
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	notes := func(t *testing.T, uri string) string {
		report, err := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual}).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(report.Notes, "\n")
	}
	for name, rows := range map[string]int{"an empty one": 0, "a large one": 30_000} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			for _, m := range all[:versionToReport-1] {
				pgtest.Execute(t, conn, m.sql)
			}
			if got := notes(t, uri); !strings.Contains(got, "the views for statistics") {
				t.Errorf("before the migration, the check says %q", got)
			}
			pgtest.Execute(t, conn, `INSERT INTO progress_sync.lesson_progress (user_id, course_id, lesson_id)
				SELECT 'a learner of a large table ' || n, 'course', 'lesson' FROM generate_series(1, $1) n`, rows)
			claim(t, open(t, Options{URI: fixed(uri)}))
			if got := notes(t, uri); strings.Contains(got, buildIndex) != (rows > 0) {
				t.Errorf("after it, the check says %q", got)
			}
			pgtest.Execute(t, conn, buildIndex)
			if got := notes(t, uri); got != "" {
				t.Errorf("with the index, the check says %q", got)
			}
			pgtest.Execute(t, conn, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'progress_sync.lesson_progress_course'::regclass")
			if got := notes(t, uri); !strings.Contains(got, dropIndex) {
				t.Errorf("of an index that was not built to the end, the check says %q", got)
			}
		})
	}
}

// A sidecar's role often owns nothing.
func TestWhoMayNotIndexTheTableMakesTheViewsAllTheSame(t *testing.T) {
	server := pgtest.Shared(t)
	super := pgtest.Connect(t, pgtest.Database(t))
	var name string
	if err := super.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all[:versionToReport-1] {
		pgtest.Execute(t, super, m.sql)
	}
	if err := server.CreateRole(t.Context(), "no_owner", "pw"); err != nil {
		t.Fatal(err)
	}
	pgtest.Execute(t, super, strings.ReplaceAll(grantTables, "<role>", "no_owner")+"GRANT CREATE ON SCHEMA progress_sync TO no_owner")
	defer pgtest.Execute(t, super, "DROP OWNED BY no_owner CASCADE; DROP ROLE no_owner")
	d := open(t, Options{URI: fixed(server.URI("no_owner", name))})
	claim(t, d).apply(t, watched(1))
	report, err := d.Check(t.Context())
	if err != nil || report.Version != versionToReport || !strings.Contains(strings.Join(report.Notes, "\n"), buildIndex) {
		t.Errorf("the check says %+v, %v", report, err)
	}
	if lessons, err := d.CourseLessons(t.Context(), "course"); err != nil || len(lessons) != 1 {
		t.Errorf("the statistics are %v, %v", lessons, err)
	}
}

func TestACatalogueIsReplacedAsAWhole(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)}) // on an empty database
	lessons := []stats.Lesson{{LessonID: "a", Weight: 1, Required: true}, {LessonID: "b", Weight: 5}}
	for _, c := range []struct {
		name    string
		lessons []stats.Lesson
		changed int64
	}{
		{"that is new", lessons, 2},
		{"that is there", lessons, 0},
		{"with one lesson less, one changed and a new one", []stats.Lesson{{LessonID: "b", Weight: 5, Required: true}, {LessonID: "c", Weight: 2}}, 3},
		{"of nothing", nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed, err := d.PutCatalogue(t.Context(), "course", c.lessons)
			if err != nil || changed != c.changed {
				t.Errorf("%d rows changed, want %d; %v", changed, c.changed, err)
			}
			got, err := d.Catalogue(t.Context(), "course")
			if diff := cmp.Diff(append([]stats.Lesson{}, c.lessons...), append([]stats.Lesson{}, got...)); err != nil || diff != "" {
				t.Errorf("%v, -want +got:\n%s", err, diff)
			}
		})
	}
	if other, err := d.Catalogue(t.Context(), "another"); err != nil || len(other) > 0 {
		t.Errorf("another course has %v, %v", other, err)
	}
}

// The LMS may write an id as its own table does, or as its pages do.
func TestTheCatalogueHasIdsAsTheMappedTableGivesThemBack(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, "CREATE TABLE done (u text, c int, l int, p real, UNIQUE (u, c, l)); INSERT INTO done VALUES ('u', 7, 1, 50)")
	d := open(t, Options{URI: fixed(uri), Mapping: &config.Mapping{
		Schema: "public", Table: "done", KeyColumns: config.KeyColumns{UserID: "u", CourseID: "c", LessonID: "l"}, Columns: map[string]string{"percentage": "p"},
	}})
	if _, err := d.PutCatalogue(t.Context(), "007", []stats.Lesson{{LessonID: "01", Weight: 9}, {LessonID: "1", Weight: 1}, {LessonID: "2", Weight: 3}}); err != nil {
		t.Fatal(err)
	}
	records := []progress.Record{{Key: progress.Key{UserID: "u", CourseID: "07", LessonID: "001"}, Percentage: 50}}
	catalogue, err := d.Listed(t.Context(), "", records)
	want := stats.Catalogue{Courses: map[string]stats.Totals{"07": {Lessons: 2, Weight: 4}}, Lessons: []stats.Listed{{Weight: 1}}}
	if diff := cmp.Diff(want, catalogue); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if lessons, err := d.CourseLessons(t.Context(), "007"); err != nil || len(lessons) != 2 || lessons[0].Learners != 1 || *lessons[0].Weight != 1 {
		t.Errorf("the course has %+v, %v", lessons, err)
	}
	if lessons, err := d.CourseLessons(t.Context(), "no number"); err != nil || len(lessons) > 0 {
		t.Errorf("a course that can't be has %+v, %v", lessons, err)
	}
}

// Before the migration nobody can have told a catalogue, so that there is none.
func TestWithoutTheTableThereIsNoCatalogue(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri), Migrations: config.MigrationsManual})
	records := []progress.Record{watched(1)}
	if c, err := d.Listed(t.Context(), "", records); err != nil || len(c.Courses) > 0 {
		t.Errorf("the catalogue is %v, %v", c, err)
	}
	if lessons, err := d.Catalogue(t.Context(), "course"); err != nil || len(lessons) > 0 {
		t.Errorf("that of a course is %v, %v", lessons, err)
	}
	if _, err := d.PutCatalogue(t.Context(), "course", nil); Classify(err).Class != SchemaMissing || !strings.Contains(Classify(err).Message, printMigrations) {
		t.Errorf("writing it: %v", err)
	}
	if _, err := d.CourseLessons(t.Context(), "course"); Classify(err).Class != SchemaMissing {
		t.Errorf("the statistics of a course: %v", err)
	}
}
