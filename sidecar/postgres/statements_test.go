package postgres

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
)

// TestTheStatementsAreTheOnesToRead keeps the generated SQL in files, so that a
// change shows whole. UPDATE_TESTDATA=1 writes them anew.
func TestTheStatementsAreTheOnesToRead(t *testing.T) {
	r := relation{kind: "r", schemaUsable: true, unique: []uniqueIndex{{columns: []string{"tenant_id", "learner", "course", "lesson"}, valid: true}}, columns: map[string]relationColumn{
		"tenant_id": {kind: "integer", base: "integer", category: "N", notNull: true},
		"learner":   {kind: "uuid", base: "uuid", category: "U", notNull: true},
		"course":    {kind: "text", base: "text", category: "S", notNull: true},
		"lesson":    {kind: "bigint", base: "bigint", category: "N", notNull: true},
		`pos"ition`: {kind: "integer", base: "integer", category: "N", notNull: true},
		"percent":   {kind: "integer", base: "integer", category: "N", notNull: true},
		"seconds":   {kind: "numeric", base: "numeric", category: "N"},
		"seeks":     {kind: "smallint", base: "smallint", category: "N"},
		"done":      {kind: "boolean", base: "boolean", category: "B"},
		"done_at":   {kind: "timestamp without time zone", base: "timestamp without time zone", category: "D"},
		"seen_at":   {kind: "timestamp without time zone", base: "timestamp without time zone", category: "D"},
		"origin":    {kind: "text", base: "text", category: "S", notNull: true},
	}}
	for name, c := range r.columns {
		c.sequenceUsable, c.left = true, 1
		r.columns[name] = c
	}
	mapped, mistakes := plan(`"Campus"."user progress"`, foreignMapping(), r)
	if mistakes = of(mistakes, refuses, lacks); len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	courseless, mistakes := plan(`"public"."completion"`, &config.Mapping{
		KeyColumns: config.KeyColumns{UserID: "user_id", LessonID: "block"},
		Columns:    map[string]string{"courseId": "course", "percentage": "completion", "timeSpentSeconds": "millis"},
		Scale:      map[string]string{"percentage": "0.01", "timeSpentSeconds": "1000"},
	}, relation{kind: "r", schemaUsable: true, unique: []uniqueIndex{{columns: []string{"user_id", "block"}, valid: true}}, columns: map[string]relationColumn{
		"user_id":    {kind: "integer", base: "integer", category: "N", notNull: true},
		"block":      {kind: "character varying", base: "character varying", category: "S", notNull: true, length: 255},
		"course":     {kind: "text", base: "text", category: "S", notNull: true},
		"completion": {kind: "double precision", base: "double precision", category: "N", notNull: true},
		"millis":     {kind: "double precision", base: "double precision", category: "N", notNull: true},
	}})
	if mistakes = of(mistakes, refuses, lacks); len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	for name, table := range map[string]table{
		"own": ownTable(), "mapped": mapped, "courseless": courseless,
		"own_telling": ownTable().telling("event_mark", false), "courseless_telling": courseless.telling(`"mark"`, false),
		"courseless_departures": courseless.telling(`"mark"`, true),
		"own_daily":             addingUp(ownTable()),
	} {
		for operation, sql := range map[string]string{
			"apply": applySQL(table), "snapshot": snapshotSQL(table), "erase": eraseSQL(table),
		} {
			if (table.mark != "" || table.daily) && operation != "apply" {
				continue // as without events and days
			}
			file := filepath.Join("testdata", operation+"_"+name+".sql")
			if os.Getenv("UPDATE_TESTDATA") != "" {
				if err := os.WriteFile(file, []byte(sql+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), sql+"\n"); diff != "" {
				t.Errorf("%s:\n%s", file, diff)
			}
		}
	}
}
