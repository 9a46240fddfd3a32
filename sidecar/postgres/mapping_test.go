package postgres

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// foreignTable is one as a learning platform may have it.
const foreignTable = `
	CREATE SCHEMA "Campus";
	CREATE TABLE "Campus"."user progress" (
		id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		tenant_id  integer NOT NULL,
		learner    uuid NOT NULL,
		course     varchar(20) NOT NULL,
		lesson     bigint NOT NULL,
		"pos""ition" integer NOT NULL DEFAULT 0,
		percent    integer NOT NULL,
		seconds    numeric(12,3),
		seeks      smallint,
		done       boolean,
		done_at    timestamp,
		seen_at    timestamp,
		origin     text NOT NULL,
		note       text NOT NULL DEFAULT 'none',
		UNIQUE (lesson, tenant_id, learner, course)
	)`

func foreignMapping() *config.Mapping {
	return &config.Mapping{
		Schema: "Campus", Table: "user progress",
		KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
		Columns: map[string]string{
			"positionSeconds": `pos"ition`, "percentage": "percent", "timeSpentSeconds": "seconds", "seekEvents": "seeks",
			"completed": "done", "completedAt": "done_at", "lastWatchedAt": "seen_at", "maxPositionSeconds": "",
		},
		Fixed: map[string]string{"tenant_id": "7", "origin": "it's; DROP TABLE x --"},
	}
}

var foreignKey = progress.Key{UserID: "9c9d7f4e-7c3a-4b3a-8f0e-0d9e4f8c1a11", CourseID: "algebra", LessonID: "42"}

func TestAnExistingTableIsWrittenAndRead(t *testing.T) {
	for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
		t.Run(string(mode), func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, foreignTable)
			// Rows of the app, with what it left out, and of another tenant.
			pgtest.Execute(t, conn, `INSERT INTO "Campus"."user progress" (tenant_id, learner, course, lesson, percent, origin)
				SELECT tenant, $1::uuid, 'algebra', lesson, 30, 'app' FROM unnest(ARRAY[7, 8]) tenant, unnest(ARRAY[42, 43]) lesson`, foreignKey.UserID)
			d := open(t, Options{URI: fixed(uri), ExecMode: mode, Mapping: foreignMapping()})
			w := claim(t, d)
			other := foreignKey
			other.LessonID = "44"
			update := progress.Update{
				CurrentTime: progress.Some(61.4), Percentage: progress.Some(95.6), WatchedDelta: progress.Some(1.25), SeekEvents: 2,
			}
			update.Key = foreignKey
			first := update.Record(someTime, 95)
			update.Key = other
			w.apply(t, first, update.Record(someTime, 95))
			// Nothing of the position: it stays, though the column has no NULL.
			w.apply(t, progress.Update{Key: foreignKey, SeekEvents: 1}.Record(someTime+1e6, 95))
			// An older report that comes late.
			late := progress.Update{Key: foreignKey, CurrentTime: progress.Some(5)}.Record(someTime+2e6, 95)
			late.LastWatchedAt = someTime - 1e6
			w.apply(t, late)

			rows, err := conn.Query(t.Context(), `
				SELECT format('%s %s: %s %s%% %s s, %s seeks, done %s at %s, seen %s, %s %s', tenant_id, lesson, "pos""ition", percent,
					seconds, seeks, done, done_at, seen_at, origin, note)
				FROM "Campus"."user progress" ORDER BY tenant_id, lesson`)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{
				"7 42: 61 96% 1.250 s, 3 seeks, done t at 2023-11-14 22:13:20, seen 2023-11-14 22:13:21, app none",
				"7 43: 0 30%  s,  seeks, done  at , seen , app none",
				"7 44: 61 96% 1.250 s, 2 seeks, done t at 2023-11-14 22:13:20, seen 2023-11-14 22:13:20, it's; DROP TABLE x -- none",
				"8 42: 0 30%  s,  seeks, done  at , seen , app none",
				"8 43: 0 30%  s,  seeks, done  at , seen , app none",
			}, got); diff != "" {
				t.Error(diff)
			}
			if got := read(t, d, foreignKey); got.Position != 61 || got.Percentage != 96 || got.TimeSpent != 1_250_000 ||
				got.SeekEvents != 3 || !got.Completed || got.CompletedAt != someTime || got.LastWatchedAt != someTime+1e6 {
				t.Errorf("read %+v", got)
			}
			all, err := d.readAll(t.Context(), Filter{UserID: foreignKey.UserID, CourseID: "algebra"})
			if err != nil || len(all) != 3 {
				t.Errorf("read %d lessons of our tenant, %v", len(all), err)
			}
			if erased, err := d.Erase(t.Context(), foreignKey.UserID, someTime.Time().Add(time.Hour)); err != nil || erased.Rows != 3 {
				t.Errorf("erased %d rows, %v", erased.Rows, err)
			}
			if r := w.apply(t, first); r.Rows != 0 {
				t.Errorf("a late update of an erased learner wrote %d rows", r.Rows)
			}
		})
	}
}

func TestARecordThatAMappedTableRefusesIsBadData(t *testing.T) {
	uri := pgtest.Database(t)
	pgtest.Execute(t, pgtest.Connect(t, uri), foreignTable)
	w := claim(t, open(t, Options{URI: fixed(uri), Mapping: foreignMapping()}))
	for name, change := range map[string]func(*progress.Record){
		"an id of another type": func(r *progress.Record) { r.UserID = "learner 1" },
		"an id too long":        func(r *progress.Record) { r.CourseID = strings.Repeat("x", 21) },
		"a count too large":     func(r *progress.Record) { r.SeekEvents = math.MaxInt32 },
	} {
		t.Run(name, func(t *testing.T) {
			r := watched(1)
			r.Key = foreignKey
			change(&r)
			if _, err := w.try(t.Context(), w.next(r)); Classify(err).Class != BadData {
				t.Errorf("got %+v", Classify(err))
			}
		})
	}
}

func TestAMappingThatDoesNotFitIsToldWhole(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, `CREATE TABLE progress (
		learner text NOT NULL, course text, lesson date, percent text, computed integer GENERATED ALWAYS AS (1) STORED,
		done_at timestamptz NOT NULL, tenant integer NOT NULL, zone integer)`)
	m := &config.Mapping{
		Schema: "public", Table: "progress",
		KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
		Columns:    map[string]string{"percentage": "percent", "seekEvents": "seeks", "pauseEvents": "computed", "completedAt": "done_at"},
		Fixed:      map[string]string{"region": "eu", "zone": "north"},
	}
	d := open(t, Options{URI: fixed(uri), Mapping: m})
	f := Classify(tryClaim(t, d))
	if f.Class != SchemaMissing || f.Retry != Hold {
		t.Errorf("got %+v", f)
	}
	for _, want := range []string{
		`"public"."progress"`,
		`column "lesson" for lessonId is date and must be a text, uuid or number type`,
		`column "percent" for percentage is text and must be a number type`,
		`column "seeks" for seekEvents is missing`,
		`column "computed" for pauseEvents is generated by Postgres`,
		`column "done_at" for completedAt must allow NULL`,
		`column "region" for fixed.region is missing`,
		`the fixed value for column "zone" is none of its type, integer`,
		`column "tenant" must have a value and has no default`,
		`CREATE UNIQUE INDEX CONCURRENTLY ON "public"."progress" ("learner", "course", "lesson")`,
	} {
		if !strings.Contains(f.Message, want) {
			t.Errorf("it does not say %q:\n%s", want, f.Message)
		}
	}
	m.Table = "nowhere"
	if f := Classify(tryClaim(t, d)); f.Class != SchemaMissing || !strings.Contains(f.Message, "there is no such table") {
		t.Errorf("got %+v", f)
	}
	pgtest.Execute(t, conn, "CREATE VIEW a_view AS SELECT * FROM progress")
	m.Table = "a_view"
	if f := Classify(tryClaim(t, d)); !strings.Contains(f.Message, "it is no table") {
		t.Errorf("got %+v", f)
	}
}

func TestAMappedTableThatChangesIsLookedAtAgain(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, foreignTable)
	w := claim(t, open(t, Options{URI: fixed(uri), Mapping: foreignMapping()}))
	r := watched(1)
	r.Key = foreignKey
	w.apply(t, r)
	pgtest.Execute(t, conn, `ALTER TABLE "Campus"."user progress" RENAME COLUMN seeks TO jumps`)
	if _, err := w.try(t.Context(), w.next(r)); Classify(err).Class != SchemaMissing {
		t.Errorf("the first attempt: %v", err)
	}
	if _, err := w.try(t.Context(), w.next(r)); !strings.Contains(Classify(err).Message, `column "seeks" for seekEvents is missing`) {
		t.Errorf("the next attempt: %v", err)
	}
	next := foreignMapping()
	next.Columns["seekEvents"] = "jumps"
	w.d.SetOptions(Options{Mapping: next})
	w.apply(t, r)
	if got := read(t, w.d, foreignKey); got.SeekEvents != 2 {
		t.Errorf("%d seeks, want 2", got.SeekEvents)
	}
}

// mirror is a table with all columns under other names, which may be null, and
// a mapping for it.
func mirror() (string, *config.Mapping) {
	m := &config.Mapping{Schema: "public", Table: "mirror", Columns: map[string]string{}}
	var columns []string
	for _, f := range recordFields() {
		name := "my " + f.Name
		columns = append(columns, quoted(name)+" "+f.own)
		if f.Rule != progress.RuleKey {
			m.Columns[f.Name] = name
		}
	}
	m.KeyColumns = config.KeyColumns{UserID: "my userId", CourseID: "my courseId", LessonID: "my lessonId"}
	return fmt.Sprintf(`CREATE TABLE mirror (%s); CREATE UNIQUE INDEX ON mirror ("my lessonId", "my userId", "my courseId")`,
		strings.Join(columns, ", ")), m
}
