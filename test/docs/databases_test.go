package docs

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"sigs.k8s.io/yaml"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The tables of docs/databases.md, with the statements that it tells and for a
// role that has only the rights that it tells, take what the page says.
func TestExamplesOfTablesWorkAsTheyStand(t *testing.T) {
	const role = "example_role"
	_, examples, _ := strings.Cut(read(t, "docs/databases.md"), "\n## Examples\n")
	var tested []string
	for _, part := range strings.Split(examples, "\n### ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		tested = append(tested, title)
		t.Run(title, func(t *testing.T) {
			c, ok := exampleRows()[title]
			if !ok {
				t.Fatal("there is no test of it")
			}
			server, uri := pgtest.Shared(t), pgtest.Database(t)
			owner, err := pgx.Connect(t.Context(), uri)
			if err != nil {
				t.Fatal(err)
			}
			run := func(sql string) {
				t.Helper()
				if _, err := owner.Exec(context.Background(), strings.ReplaceAll(sql, "<role>", role)); err != nil {
					t.Fatalf("%v\n%s", err, sql)
				}
			}
			if err := server.CreateRole(t.Context(), role, "pw"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				run("DROP OWNED BY <role>; DROP ROLE <role>")
				_ = owner.Close(context.Background())
			})
			schema, err := postgres.MigrationSQL(nil)
			if err != nil {
				t.Fatal(err)
			}
			run(schema)
			run("GRANT USAGE ON SCHEMA progress_sync TO <role>; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA progress_sync TO <role>")
			var name string
			if err := owner.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
				t.Fatal(err)
			}
			d := postgres.New(postgres.Options{
				URI:        func() (string, error) { return server.URI(role, name), nil },
				Migrations: config.MigrationsManual, Mapping: exampleMapping(t, text),
			})
			defer d.Close()
			statements := blocks(text, "sql")
			if len(statements) != 2 {
				t.Fatalf("%d blocks of SQL, want the table and what is to be run", len(statements))
			}
			run(statements[0])
			if _, err := d.Check(t.Context()); err == nil {
				t.Error("the check finds nothing before the statements are run")
			}
			run(statements[1])
			if _, err := d.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.before != "" {
				run(c.before)
			}
			writeExample(t, d)
			rows, err := owner.Query(t.Context(), c.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			if erased, err := d.Erase(t.Context(), "1", time.Now()); err != nil || erased.Rows != 2 {
				t.Errorf("erased %+v, %v", erased, err)
			}
		})
	}
	slices.Sort(tested)
	if diff := cmp.Diff([]string{"Open edX", "Prisma", "Rails"}, tested); diff != "" {
		t.Error(diff)
	}
}

// exampleMapping is that of the policy in an example. It has the same form as in
// the sidecar's file.
func exampleMapping(t *testing.T, text string) *config.Mapping {
	t.Helper()
	var policy struct {
		Spec struct {
			Database struct {
				Mapping json.RawMessage `json:"mapping"`
			} `json:"database"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(blocks(text, "yaml")[0]), &policy); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse([]byte(`{"database":{"mapping":` + string(policy.Spec.Database.Mapping) + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return c.Database.Mapping
}

// writeExample writes two batches, of two lessons each, and a third of a lesson
// that is there.
func writeExample(t *testing.T, d *postgres.Database) {
	t.Helper()
	writer, owner := uuid.NewString(), uuid.NewString()
	if _, err := d.Claim(t.Context(), writer, owner, 1, nil); err != nil {
		t.Fatal(err)
	}
	at := progress.InstantOf(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	record := func(user, lesson string, position, percent float64) progress.Record {
		at += 1e6
		return progress.Update{
			Key:         progress.Key{UserID: user, CourseID: "5", LessonID: lesson},
			CurrentTime: progress.Some(position), Percentage: progress.Some(percent),
		}.Record(at, 95)
	}
	for i, records := range [][]progress.Record{
		{record("1", "1", 10, 20), record("1", "2", 10, 20)},
		{record("2", "1", 10, 33.336), record("2", "2", 10, 57)},
		{record("2", "1", 99.6, 100), record("2", "2", 5, 3)},
	} {
		number := uint64(i + 1)
		result, err := d.Apply(t.Context(), writer, owner, number-1, progress.Batch{Number: number, ID: number, Records: records})
		if err != nil || result.Outcome != postgres.Applied {
			t.Fatalf("batch %d: %v, %v", number, result.Outcome, err)
		}
	}
}

type example struct {
	before, query string
	want          []string
}

func exampleRows() map[string]example {
	return map[string]example{
		"Prisma": {
			query: `SELECT format('%s %s %s %s', "userId", "chapterId", "isCompleted", "updatedAt") FROM "UserProgress" WHERE length("id") = 36 ORDER BY 1`,
			want: []string{
				"1 1 f 2026-03-01 10:00:01", "1 2 f 2026-03-01 10:00:02", "2 1 t 2026-03-01 10:00:05", "2 2 f 2026-03-01 10:00:06",
			},
		},
		"Rails": {
			query: `SELECT format('%s %s %s %s s %s%% %s %s %s-%s', user_id, course_id, lesson_id, position_seconds, percent, completed,
				to_char(completed_at, 'SS'), to_char(created_at, 'SS'), to_char(updated_at, 'SS')) FROM lesson_progresses ORDER BY 1`,
			want: []string{
				"1 5 1 10 s 20.00% f  01-01", "1 5 2 10 s 20.00% f  02-02", "2 5 1 100 s 100.00% t 05 03-05", "2 5 2 5 s 57.00% f  04-06",
			},
		},
		"Open edX": {
			before: "INSERT INTO auth_user VALUES (1, 'ada'), (2, 'bob')",
			query: `SELECT format('%s %s %s %s %s %s-%s', user_id, context_key, block_key, block_type, completion, to_char(created, 'SS'), to_char(modified, 'SS'))
				FROM completion_blockcompletion ORDER BY 1`,
			want: []string{"1 5 1 video 0.2 01-01", "1 5 2 video 0.2 02-02", "2 5 1 video 1 03-05", "2 5 2 video 0.57 04-06"},
		},
	}
}
