package postgres

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// manyRows fills the table with a million rows: of 5,000 learners who each have 200
// lessons in 4 of 100 courses of 50 lessons, so that a course has 10,000 rows. A
// hundredth course is larger if STATISTICS_LARGE says so: the number of its learners.
const (
	manyLearners, manyCourses, coursesEach, lessonsEach = 5000, 100, 4, 50
	fillRows                                            = `INSERT INTO progress_sync.lesson_progress (user_id, course_id, lesson_id, percentage, max_position_seconds,
		time_spent_seconds, update_count, completed, first_watched_at, last_watched_at, position_seconds, received_at)
	SELECT 'learner-' || lpad(u::text, 8, '0'), 'course-' || lpad(((u + c * 25) % 100)::text, 4, '0'), 'lesson-' || lpad(l::text, 4, '0'),
		(u * 7 + l * 13) % 101, (u * 7 + l * 13) % 900, (u + l) % 4000, 12, (u * 7 + l * 13) % 101 >= 95, now(), now(), 10, now()
	FROM generate_series(1, $1::int) u, generate_series(0, $2::int - 1) c, generate_series(1, $3::int) l`
)

// BenchmarkStatistics times the views at a million rows, with the index for the statistics of a course and
// without.
func BenchmarkStatistics(b *testing.B) {
	uri := durableServer(b)
	d := open(b, Options{URI: fixed(uri)})
	claim(b, d)
	conn := pgtest.Connect(b, uri)
	run := func(sql string, arguments ...any) {
		if _, err := conn.Exec(b.Context(), sql, arguments...); err != nil {
			b.Fatal(err)
		}
	}
	run("DROP INDEX progress_sync.lesson_progress_course")
	run(fillRows, manyLearners, coursesEach, lessonsEach)
	if large, _ := strconv.Atoi(os.Getenv("STATISTICS_LARGE")); large > 0 {
		run(`INSERT INTO progress_sync.lesson_progress (user_id, course_id, lesson_id, percentage, update_count, last_watched_at)
			SELECT 'other-' || u, 'course-large', 'lesson-' || l, (u * 7 + l * 13) % 101, 3, now() FROM generate_series(1, $1::int) u, generate_series(1, 50) l`, large)
	}
	run(`INSERT INTO progress_sync.course_catalogue (course_id, lesson_id, weight, required)
		SELECT 'course-' || lpad(c::text, 4, '0'), 'lesson-' || lpad(l::text, 4, '0'), 1 + l % 3, l % 4 > 0 FROM generate_series(0, $1::int - 1) c, generate_series(1, 60) l`, manyCourses)
	run("VACUUM ANALYZE progress_sync.lesson_progress")
	run("VACUUM ANALYZE progress_sync.course_catalogue")
	learner := func() string { return fmt.Sprintf("learner-%08d", 1+rand.IntN(manyLearners)) }
	course := func() string { return fmt.Sprintf("course-%04d", rand.IntN(manyCourses)) }
	count := func(b *testing.B, sql, argument string) {
		rows, err := conn.Query(b.Context(), sql, argument)
		if err != nil {
			b.Fatal(err)
		}
		if got, err := pgx.CollectRows(rows, pgx.RowToMap); err != nil || len(got) == 0 {
			b.Fatal(len(got), err)
		}
	}
	views := func(b *testing.B) {
		b.Run("learner_course", func(b *testing.B) {
			timed(b, func() { count(b, "SELECT * FROM progress_sync.learner_course WHERE user_id = $1", learner()) })
		})
		b.Run("learner_totals", func(b *testing.B) {
			timed(b, func() { count(b, "SELECT * FROM progress_sync.learner_totals WHERE user_id = $1", learner()) })
		})
		b.Run("course_lessons", func(b *testing.B) {
			timed(b, func() { count(b, "SELECT * FROM progress_sync.course_lessons WHERE course_id = $1", course()) })
		})
		b.Run("sidecar", func(b *testing.B) {
			timed(b, func() {
				if _, err := d.CourseLessons(b.Context(), course()); err != nil {
					b.Fatal(err)
				}
			})
		})
		if os.Getenv("STATISTICS_LARGE") != "" {
			b.Run("large", func(b *testing.B) { inTurns(b, d, conn) })
		}
	}
	b.Run("index=no", views)
	began := time.Now()
	run(buildIndex)
	b.Logf("the index took %s to build", time.Since(began).Round(time.Millisecond))
	b.Run("index=yes", views)
}

// timed reports the median and the 99th percentile.
func timed(b *testing.B, do func()) {
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		do()
		took = append(took, time.Since(began))
	}
	quantiles(b, "", took)
}

func quantiles(b *testing.B, of string, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, of+"p50-ms")
	b.ReportMetric(float64(took[(len(took)*99-1)/100].Microseconds())/1e3, of+"p99-ms")
}

// inTurns times the view as the server chooses to run it, and what a sidecar asks, by
// turns.
func inTurns(b *testing.B, d *Database, conn *pgx.Conn) {
	var view, sidecar []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := conn.Exec(b.Context(), "SELECT * FROM progress_sync.course_lessons WHERE course_id = $1", "course-large"); err != nil {
			b.Fatal(err)
		}
		view = append(view, time.Since(began))
		began = time.Now()
		if lessons, err := d.CourseLessons(b.Context(), "course-large"); err != nil || len(lessons) != lessonsEach {
			b.Fatal(len(lessons), err)
		}
		sidecar = append(sidecar, time.Since(began))
	}
	quantiles(b, "view-", view)
	quantiles(b, "sidecar-", sidecar)
}

// BenchmarkApplyWithAnIndex writes batches of rows that are there, as BenchmarkApply does, with the
// index for the statistics of a course and without, by turns.
func BenchmarkApplyWithAnIndex(b *testing.B) {
	uri := durableServer(b)
	d := open(b, Options{URI: fixed(uri), ExecMode: config.ExecModeCacheStatement})
	w := claim(b, d)
	conn := pgtest.Connect(b, uri)
	const keys, size = 20_000, 500
	batches := make([][]progress.Record, keys/size)
	for i := range batches {
		for j := range size {
			r := watched(i*size + j)
			r.CourseID = fmt.Sprint("course ", j%20)
			batches[i] = append(batches[i], r)
		}
		w.apply(b, batches[i]...)
	}
	if _, err := conn.Exec(b.Context(), "VACUUM ANALYZE progress_sync.lesson_progress"); err != nil {
		b.Fatal(err)
	}
	for round := range 3 {
		for _, c := range []struct{ name, sql string }{
			{"index=no", "DROP INDEX IF EXISTS progress_sync.lesson_progress_course"},
			{"index=yes", buildIndex},
		} {
			if _, err := conn.Exec(b.Context(), c.sql); err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/round=%d", c.name, round), func(b *testing.B) {
				before := heapOnly(b, conn)
				for i := range b.N {
					w.apply(b, batches[i%len(batches)]...)
				}
				after := heapOnly(b, conn)
				b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "rows/s")
				if updated := after[0] - before[0]; updated > 0 {
					b.ReportMetric(float64(after[1]-before[1])/float64(updated), "hot")
				}
			})
		}
	}
}

// heapOnly are the updates of the table so far, and those that were heap-only. A backend
// tells of its own while it is idle, a second late.
func heapOnly(b *testing.B, conn *pgx.Conn) (counts [2]int64) {
	if err := conn.QueryRow(b.Context(), `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
		WHERE schemaname = 'progress_sync' AND relname = 'lesson_progress'`).Scan(&counts[0], &counts[1]); err != nil {
		b.Fatal(err)
	}
	return counts
}
