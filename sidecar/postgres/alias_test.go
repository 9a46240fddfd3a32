package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// lines are the rows of a query that returns texts.
func lines(tb testing.TB, conn *pgx.Conn, query string) []string {
	tb.Helper()
	rows, err := conn.Query(tb.Context(), query)
	if err != nil {
		tb.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// seconds is a record of one update under the given key, received n seconds
// after someTime.
func seconds(k progress.Key, n int, spent float64) progress.Record {
	return progress.Update{
		Key: k, CurrentTime: progress.Some(spent), WatchedDelta: progress.Some(spent), SeekEvents: 1,
	}.Record(someTime+progress.Instant(n)*1e6, 95)
}

func sorted(records ...progress.Record) []progress.Record {
	return slices.SortedFunc(slices.Values(records), func(a, b progress.Record) int { return a.Compare(b.Key) })
}

func TestTwoFormsOfAKeyAreOneRow(t *testing.T) {
	const one, other = "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"
	for kind, ids := range map[string][2]string{
		"integer": {"007", "7"}, "bigint": {" 7", "+7"}, "numeric": {"1.0", "1"}, "numeric(9,0)": {"01", "1"},
		"uuid": {one, other}, "char(5)": {"ab", "ab  "}, "varchar(3)": {"abc", "abc  "},
	} {
		t.Run(kind, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, "CREATE TABLE progress (learner "+kind+`, course text, lesson `+kind+`, spent double precision, seeks integer,
				position integer, seen timestamptz, UNIQUE (learner, course, lesson))`)
			d := open(t, Options{URI: fixed(uri), Mapping: &config.Mapping{
				Schema: "public", Table: "progress", KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
				Columns: map[string]string{"timeSpentSeconds": "spent", "seekEvents": "seeks", "positionSeconds": "position", "lastWatchedAt": "seen"},
			}})
			w := claim(t, d)
			key := func(user, lesson int) progress.Key {
				return progress.Key{UserID: ids[user], CourseID: "algebra", LessonID: ids[lesson]}
			}
			// Four forms of one key in one batch, and two more in the next.
			if r := w.apply(t, sorted(seconds(key(0, 0), 1, 1), seconds(key(0, 1), 4, 2), seconds(key(1, 0), 3, 4), seconds(key(1, 1), 2, 8))...); r.Rows != 1 {
				t.Errorf("%d rows written", r.Rows)
			}
			w.apply(t, sorted(seconds(key(0, 0), 6, 16), seconds(key(1, 1), 5, 32))...)
			if diff := cmp.Diff([]string{"63 s, 6 seeks, at 16"},
				lines(t, conn, "SELECT format('%s s, %s seeks, at %s', spent, seeks, position) FROM progress")); diff != "" {
				t.Error(diff)
			}
			for _, k := range []progress.Key{key(0, 0), key(0, 1), key(1, 0), key(1, 1)} {
				got := read(t, d, k)
				if got.TimeSpent != 63e6 || got.SeekEvents != 6 {
					t.Errorf("read %+v", got)
				}
			}
			// A learner who is erased under one form is erased under each.
			if erased, err := d.Erase(t.Context(), ids[0], (someTime + 60e6).Time()); err != nil || erased.Rows != 1 {
				t.Errorf("erased %+v, %v", erased, err)
			}
			if r := w.apply(t, seconds(key(1, 1), 7, 1)); r.Rows != 0 {
				t.Errorf("a late record under the other form wrote %d rows", r.Rows)
			}
		})
	}
}

func TestAnIdThatNoRowCanHoldIsErasedAndNotFound(t *testing.T) {
	uri := pgtest.Database(t)
	pgtest.Execute(t, pgtest.Connect(t, uri), foreignTable)
	d := open(t, Options{URI: fixed(uri), Mapping: foreignMapping()})
	w := claim(t, d)
	r := watched(1)
	r.Key = foreignKey
	w.apply(t, r)
	for _, filter := range []Filter{{UserID: "ada"}, {UserID: foreignKey.UserID, LessonID: "intro"}, {UserID: foreignKey.UserID, CourseID: strings.Repeat("x", 21)}} {
		if got, err := d.readAll(t.Context(), filter); err != nil || len(got) > 0 {
			t.Errorf("read %+v, %v", got, err)
		}
	}
	erased, err := d.Erase(t.Context(), "ada", someTime.Time())
	if err != nil || erased != (Erased{}) {
		t.Errorf("erased %+v, %v", erased, err)
	}
	read(t, d, foreignKey)
}

// courseless is a table with one row a lesson, and the mapping for it.
func courseless(more string) (string, *config.Mapping) {
	return `CREATE TABLE "UserProgress" ("userId" text NOT NULL, "chapterId" text NOT NULL, spent double precision, seeks integer,
			done boolean, seen timestamptz` + more + `)`, &config.Mapping{
			Schema: "public", Table: "UserProgress", KeyColumns: config.KeyColumns{UserID: "userId", LessonID: "chapterId"},
			Columns: map[string]string{"timeSpentSeconds": "spent", "seekEvents": "seeks", "completed": "done", "lastWatchedAt": "seen"},
		}
}

func TestALessonOfTwoCoursesIsOneRowWhereTheCourseIsNoKey(t *testing.T) {
	for name, c := range map[string]struct {
		more   string
		change func(*config.Mapping)
		course string // as it is in the row
		read   string // and in what is read
	}{
		"no course": {`, UNIQUE ("userId", "chapterId")`, func(*config.Mapping) {}, "", ""},
		"a fixed course beside the key": {`, course integer NOT NULL, UNIQUE ("chapterId", "userId")`,
			func(m *config.Mapping) { m.Fixed = map[string]string{"course": "5"} }, "5", ""},
		"a fixed course in the key": {`, course integer NOT NULL, UNIQUE (course, "userId", "chapterId")`,
			func(m *config.Mapping) { m.Fixed = map[string]string{"course": "5"} }, "5", ""},
		"the course that was reported last": {`, course text NOT NULL, UNIQUE ("userId", "chapterId")`,
			func(m *config.Mapping) { m.Columns["courseId"] = "course" }, "b", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			create, m := courseless(c.more)
			pgtest.Execute(t, conn, create)
			c.change(m)
			d := open(t, Options{URI: fixed(uri), Mapping: m})
			w := claim(t, d)
			a := progress.Key{UserID: "ada", CourseID: "a", LessonID: "one"}
			b := progress.Key{UserID: "ada", CourseID: "b", LessonID: "one"}
			two := progress.Key{UserID: "ada", CourseID: "b", LessonID: "two"}
			if r := w.apply(t, seconds(a, 1, 1), seconds(b, 3, 2), seconds(two, 2, 4)); r.Rows != 2 {
				t.Errorf("%d rows written", r.Rows)
			}
			// What came in last was not watched last.
			late := seconds(a, 2, 8)
			late.ReceivedAt += 10e6
			w.apply(t, late)
			column := "''"
			if c.course != "" {
				column = "course"
			}
			if diff := cmp.Diff([]string{"one 11 s, 3 seeks " + c.course, "two 4 s, 1 seeks " + c.course},
				lines(t, conn, `SELECT format('%s %s s, %s seeks %s', "chapterId", spent, seeks, `+column+`) FROM "UserProgress" ORDER BY 1`)); diff != "" {
				t.Error(diff)
			}
			for _, k := range []progress.Key{a, b, {UserID: "ada", LessonID: "one"}} {
				if got := read(t, d, k); got.TimeSpent != 11e6 || got.CourseID != c.read || got.LessonID != "one" {
					t.Errorf("read %+v", got)
				}
			}
			if got, err := d.readAll(t.Context(), Filter{UserID: "ada"}); err != nil || len(got) != 2 {
				t.Errorf("read %d lessons, %v", len(got), err)
			}
			if erased, err := d.Erase(t.Context(), "ada", (someTime + 60e6).Time()); err != nil || erased.Rows != 2 {
				t.Errorf("erased %+v, %v", erased, err)
			}
		})
	}
}

func TestAColumnThatTakesDifferentIdsForOneIsRefused(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, `CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
	for kind, says := range map[string]string{
		`text COLLATE "anycase"`: `TYPE text COLLATE "C"`, "double precision": "TYPE bigint", "real": "TYPE bigint", "name": "TYPE text",
	} {
		pgtest.Execute(t, conn, `DROP TABLE IF EXISTS progress; CREATE TABLE progress (learner text, course text, lesson `+kind+`, seeks integer, UNIQUE (learner, course, lesson))`)
		d := open(t, Options{URI: fixed(uri), Mapping: &config.Mapping{
			Schema: "public", Table: "progress", KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
			Columns: map[string]string{"seekEvents": "seeks"},
		}})
		f := Classify(tryClaim(t, d))
		if f.Class != SchemaMissing || !strings.Contains(f.Message, `column "lesson" for lessonId is`) || !strings.Contains(f.Message, says) {
			t.Errorf("%s: %+v", kind, f)
			continue
		}
		pgtest.Execute(t, conn, statementsIn(t, f.Message)[0])
		w := claim(t, d)
		w.apply(t, seconds(progress.Key{UserID: "ada", CourseID: "a", LessonID: "7"}, 1, 1))
	}
}
