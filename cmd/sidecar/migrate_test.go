package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestMigrateChecksWhatItPrints(t *testing.T) {
	dir := t.TempDir()
	uri, conf := filepath.Join(dir, "uri"), filepath.Join(dir, "config.json")
	run := func(args ...string) (string, error) {
		var out strings.Builder
		err := command(append([]string{"migrate", "--config", conf, "--database-uri-file", uri}, args...), &out, io.Discard)
		return out.String(), err
	}
	database := pgtest.Database(t)
	if err := os.WriteFile(uri, []byte(database), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run("--check"); err == nil || !strings.Contains(err.Error(), "sidecar migrate --print | psql") {
		t.Errorf("an empty database: %v", err)
	}
	sql, err := run("--print")
	if err != nil {
		t.Fatal(err)
	}
	name := database[strings.LastIndex(database, "/")+1 : strings.Index(database, "?")]
	if err := pgtest.Shared(t).Exec(t.Context(), name, sql); err != nil {
		t.Fatal(err)
	}
	if out, err := run("--check"); err != nil || !strings.Contains(out, "records go to progress_sync.lesson_progress") {
		t.Errorf("with the tables: %q, %v", out, err)
	}
	mapping := `{"database":{"mapping":{"table":"nowhere",
		"keyColumns":{"userId":"u","courseId":"c","lessonId":"l"},"columns":{"percentage":"p"}}}}`
	if err := os.WriteFile(conf, []byte(mapping), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run("--check"); err == nil || !strings.Contains(err.Error(), "there is no such table") {
		t.Errorf("with a mapping to no table: %v", err)
	}
	if sql, err := run("--print"); err != nil || !strings.Contains(sql, `-- Records go to "public"."nowhere"`) {
		t.Errorf("the plan of a mapping: %v\n%s", err, sql)
	}
	if err := pgtest.Shared(t).Exec(t.Context(), name, `CREATE UNLOGGED TABLE nowhere (u text, c text, l text, p real, UNIQUE (u, c, l))`); err != nil {
		t.Fatal(err)
	}
	if out, err := run("--check"); err != nil || !strings.Contains(out, `Note on "public"."nowhere": the table is UNLOGGED`) || !strings.Contains(out, `records go to "public"."nowhere"`) {
		t.Errorf("with a table that will do: %q, %v", out, err)
	}
	if sql, err := run("--views"); err != nil || !strings.Contains(sql, `progress_sync."learner_course_nowhere"`) {
		t.Errorf("the views of a mapping: %v\n%s", err, sql)
	} else if err := pgtest.Shared(t).Exec(t.Context(), name, sql); err != nil {
		t.Error(err)
	}
	// A pod whose ConfigMap is not there knows its table all the same.
	if err := os.Remove(conf); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PROGRESS_SYNC_CONFIG", mapping)
	if out, err := run("--check"); err != nil || !strings.Contains(out, `records go to "public"."nowhere"`) {
		t.Errorf("with an injected mapping: %q, %v", out, err)
	}
	for text, want := range map[string]string{
		`"` + database + `"`:             "Leave only the URI itself",
		database + "&frobnicate=hunter2": "a parameter frobnicate that",
		"user=postgres password=hunter2": "it names no host",
	} {
		if err := os.WriteFile(uri, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := run("--check"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	for _, args := range [][]string{{}, {"--print", "--check"}, {"--views", "--print"}} {
		if _, err := run(args...); err == nil {
			t.Errorf("migrate %v was taken", args)
		}
	}
}
