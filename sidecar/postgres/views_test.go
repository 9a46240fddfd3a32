package postgres

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/stats"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

// What a report shows is neither what a brute-force count of the same rows says, nor
// what GET /v1/stats says, if one of them is wrong.
func TestTheViewsTheFoldAndABruteForceCountAgree(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	conn := pgtest.Connect(t, uri)
	rapid.Check(t, func(t *rapid.T) {
		if _, err := conn.Exec(t.Context(), "DELETE FROM progress_sync.lesson_progress; DELETE FROM progress_sync.course_catalogue"); err != nil {
			t.Fatal(err)
		}
		var batch []progress.Record
		for i, r := range rapid.SliceOfNDistinct(rapid.Custom(anyProgress), 1, 25, func(r progress.Record) progress.Key { return r.Key }).Draw(t, "records") {
			r.ReceivedAt = someTime + progress.Instant(i)
			batch = append(batch, r)
		}
		if r, err := w.try(t.Context(), w.next(batch...)); err != nil || r.Outcome != Applied {
			t.Fatal(r, err)
		}
		for _, course := range []string{"a", "b"} {
			lessons := rapid.SliceOfNDistinct(rapid.Custom(anyLesson), 0, 6, func(l stats.Lesson) string { return l.LessonID }).Draw(t, "catalogue of "+course)
			if _, err := d.PutCatalogue(t.Context(), course, lessons); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := truth.ReadRows(t.Context(), conn, truth.OwnTable)
		if err != nil {
			t.Fatal(err)
		}
		found, err := truth.VerifyViews(t.Context(), conn, truth.OwnViews(), rows)
		if err != nil || len(found) > 0 {
			t.Fatalf("%v\n%s", err, strings.Join(found, "\n"))
		}
		for _, user := range []string{"u", "v"} {
			sameAsTheViews(t, d, conn, user)
		}
	})
}

// sameAsTheViews compares to the last digit.
func sameAsTheViews(t *rapid.T, d *Database, conn *pgx.Conn, user string) {
	records, err := d.readAll(t.Context(), Filter{UserID: user})
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := d.Listed(t.Context(), "", records)
	if err != nil {
		t.Fatal(err)
	}
	got := stats.Fold(records, catalogue, stats.KeptAll())
	rows, err := conn.Query(t.Context(), `SELECT course_id, lessons_started, lessons_completed, percent, percent_of, coalesce(lessons, 0),
		coalesce(required_lessons, 0), required_completed, required_percent, time_spent_seconds,
		coalesce(round(extract(epoch FROM first_seen) * 1e6)::bigint, 0), coalesce(round(extract(epoch FROM last_seen) * 1e6)::bigint, 0)
		FROM progress_sync.learner_course WHERE user_id = $1 ORDER BY course_id`, user)
	if err != nil {
		t.Fatal(err)
	}
	courses, err := pgx.CollectRows(rows, pgx.RowToStructByPos[stats.Course])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(courses, append([]stats.Course{}, got.Courses...)); diff != "" {
		t.Fatalf("the view (-) and the fold (+):\n%s", diff)
	}
	rows, err = conn.Query(t.Context(), `SELECT courses, lessons_started, lessons_completed, time_spent_seconds,
		coalesce(round(extract(epoch FROM first_seen) * 1e6)::bigint, 0), coalesce(round(extract(epoch FROM last_seen) * 1e6)::bigint, 0)
		FROM progress_sync.learner_totals WHERE user_id = $1`, user)
	if err != nil {
		t.Fatal(err)
	}
	totals, err := pgx.CollectRows(rows, pgx.RowToStructByPos[stats.LearnerTotals])
	if err != nil {
		t.Fatal(err)
	}
	want := []stats.LearnerTotals{}
	if got.Totals.LessonsStarted > 0 {
		want = append(want, got.Totals)
	}
	if diff := cmp.Diff(want, totals); diff != "" {
		t.Fatalf("the fold (-) and the view of totals (+):\n%s", diff)
	}
}

// anyProgress is a record of one of few keys: of an update, or what a reset leaves.
func anyProgress(t *rapid.T) progress.Record {
	key := progress.Key{
		UserID: rapid.SampledFrom([]string{"u", "v", "w"}).Draw(t, "user"), CourseID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "course"),
		LessonID: fmt.Sprint("l", rapid.IntRange(1, 5).Draw(t, "lesson")),
	}
	if rapid.IntRange(0, 9).Draw(t, "reset") == 0 {
		return progress.Reset(key, someTime-5)
	}
	u := progress.Update{
		Key: key, Completed: rapid.IntRange(0, 4).Draw(t, "completed") == 0, OccurredAt: someTime + progress.Instant(rapid.IntRange(-1000, 1000).Draw(t, "at")),
		WatchedDelta: progress.Some(rapid.Float64Range(0, 1e6).Draw(t, "spent")), CurrentTime: progress.Some(rapid.Float64Range(0, 1e5).Draw(t, "position")),
		Percentage: progress.Some(rapid.OneOf(rapid.Float64Range(0, 100), rapid.SampledFrom([]float64{0, 10, 99.999999, 100, 1.0 / 3})).Draw(t, "percentage")),
	}
	return u.Record(someTime, 0)
}

func anyLesson(t *rapid.T) stats.Lesson {
	return stats.Lesson{
		LessonID: fmt.Sprint("l", rapid.IntRange(1, 7).Draw(t, "lesson")), Required: rapid.Bool().Draw(t, "required"),
		Weight: rapid.OneOf(rapid.Int64Range(1, 5), rapid.Just(int64(stats.MaxWeight))).Draw(t, "weight"),
	}
}

// The largest sums still fit where they are added up.
func TestAFullCourseOfTheHeaviestLessonsIsAddedUpExactly(t *testing.T) {
	records := make([]progress.Record, stats.MaxLessons)
	catalogue := stats.Catalogue{Courses: map[string]stats.Totals{}}
	for i := range records {
		records[i] = progress.Record{Key: progress.Key{UserID: "u", CourseID: "c", LessonID: fmt.Sprint(i)}, Completed: true, UpdateCount: 1, TimeSpent: math.MaxInt64 / 2}
		catalogue.Lessons = append(catalogue.Lessons, stats.Listed{Weight: stats.MaxWeight, Required: true})
	}
	catalogue.Courses["c"] = stats.Totals{
		Lessons: stats.MaxLessons, Weight: stats.MaxLessons * stats.MaxWeight,
		RequiredLessons: stats.MaxLessons, RequiredWeight: stats.MaxLessons * stats.MaxWeight,
	}
	c := stats.Fold(records, catalogue, stats.KeptAll()).Courses[0]
	if *c.Percent != 100 || *c.RequiredPercent != 100 || *c.TimeSpent != float64(math.MaxInt64)/1e6 {
		t.Errorf("it is %v and %v percent, %v s", *c.Percent, *c.RequiredPercent, *c.TimeSpent)
	}
}

// The migration that made the views is never changed; a change of theirs is a new one.
func TestTheMigrationsMakeTheViewsOfTheTemplates(t *testing.T) {
	all, err := migrations(sqlFiles)
	if err != nil {
		t.Fatal(err)
	}
	want := viewsSQL(ownTable(), "", func(v View) string { return "progress_sync." + string(v) })
	for _, m := range all {
		if strings.Contains(m.sql, want) {
			return
		}
	}
	t.Errorf("no migration has\n%s", want)
}

// A report over a mapped table that takes what it lacks for nothing is wrong.
func TestTheViewsOverAMappedTable(t *testing.T) {
	full := foreignMapping()
	full.Columns["maxPositionSeconds"], full.Columns["positionSeconds"] = `pos"ition`, ""
	courseless := &config.Mapping{
		Schema: "public", Table: "completion", KeyColumns: config.KeyColumns{UserID: "u", LessonID: "l"}, Columns: map[string]string{"percentage": "p"},
	}
	undone := &config.Mapping{
		Schema: "public", Table: "visits", KeyColumns: config.KeyColumns{UserID: "u", CourseID: "c", LessonID: "l"}, Columns: map[string]string{"timeSpentSeconds": "ms"},
		Scale: map[string]string{"timeSpentSeconds": "1000"},
	}
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	claim(t, open(t, Options{URI: fixed(uri)}))
	pgtest.Execute(t, conn, foreignTable+`;
		INSERT INTO "Campus"."user progress" (tenant_id, learner, course, lesson, percent, done, seconds, origin, seen_at)
		SELECT tenant, '`+foreignKey.UserID+`', 'algebra', lesson, 40, lesson = 2, 1.5, 'it''s; DROP TABLE x --', '2026-01-02 03:04'
		FROM unnest(ARRAY[7, 8]) tenant, unnest(ARRAY[1, 2]) lesson;
		INSERT INTO "Campus"."user progress" (tenant_id, learner, course, lesson, percent, origin)
		VALUES (7, '`+foreignKey.UserID+`', 'algebra', 3, 0, 'it''s; DROP TABLE x --'); -- nobody was there
		CREATE TABLE completion (u int, l text, p numeric, UNIQUE (u, l)); INSERT INTO completion VALUES (1, 'a', 50), (1, 'b', 0);
		CREATE TABLE visits (u uuid, c int, l int, ms real, UNIQUE (u, c, l)); INSERT INTO visits VALUES (gen_random_uuid(), 7, 1, 12.5);
		INSERT INTO progress_sync.course_catalogue (course_id, lesson_id, weight, required) VALUES ('algebra', '2', 3, true), ('algebra', '9', 1, false)`)
	for _, c := range []struct {
		name    string
		mapping *config.Mapping
		query   string
		want    []string
	}{
		{"all of a course", full, `SELECT concat_ws(' ', lessons_started, lessons_completed, percent, percent_of, lessons, required_percent, time_spent_seconds, last_seen)
			FROM progress_sync."learner_course_Campus__user progress"`, []string{"1 1 75 course 2 100 3 2026-01-02 03:04:00"}},
		{"the lessons of a course", full, `SELECT concat_ws(' ', lesson_id, learners, completed, median_percent, median_position_seconds, unfinished_by_tenth, weight)
			FROM progress_sync."course_lessons_Campus__user progress" ORDER BY lesson_id`,
			[]string{"1 1 0 40 0 {0,0,0,0,1,0,0,0,0,0}", "2 1 1 100 0 {0,0,0,0,0,0,0,0,0,0} 3", "9 0 0 {0,0,0,0,0,0,0,0,0,0} 1"}},
		{"of a table without a course", courseless, `SELECT format('%s %s %s %s', user_id, courses, lessons_started, lessons_completed)
			FROM progress_sync.learner_totals_completion`, []string{"1  1 "}},
		{"of a table of nothing but time", undone, `SELECT format('%s %s %s %s %s', course_id, lessons_started, lessons_completed, percent, time_spent_seconds)
			FROM progress_sync.learner_course_visits`, []string{"7 1   0.0125"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sql := ViewsSQL(c.mapping)
			for range 2 { // it may be run again
				pgtest.Execute(t, conn, sql)
			}
			if diff := cmp.Diff(c.want, lines(t, conn, c.query)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	lessons, err := open(t, Options{URI: fixed(uri), Mapping: full}).CourseLessons(t.Context(), "algebra")
	if err != nil || len(lessons) != 3 || lessons[1].Learners != 1 || *lessons[0].MedianPercent != 40 || lessons[2].Learners != 0 {
		t.Errorf("the sidecar says %+v, %v", lessons, err)
	}
}

func TestNamesOfViewsFitAndDiffer(t *testing.T) {
	long := strings.Repeat("ü", 31)
	names := map[string]bool{}
	for _, m := range []*config.Mapping{{Schema: "public", Table: "t"}, {Schema: "s", Table: "t"}, {Schema: "public", Table: long}, {Schema: long, Table: "t"}} {
		name := MappedView(LearnerCourse, m)
		if len(name) > 63 || names[name] {
			t.Errorf("%s of %s.%s", name, m.Schema, m.Table)
		}
		names[name] = true
	}
}
