package postgres

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// dayOf is a day of a learner in a course.
type dayOf struct {
	User, Course string
	Day          time.Time
}

// done is what was done on it.
type done struct {
	Seconds float64
	Updates int64
}

func daysIn(tb testing.TB, conn *pgx.Conn) map[dayOf]done {
	tb.Helper()
	rows, err := conn.Query(tb.Context(), "SELECT user_id, course_id, day, seconds, updates FROM progress_sync.activity_daily")
	if err != nil {
		tb.Fatal(err)
	}
	days := map[dayOf]done{}
	var d dayOf
	var n done
	_, err = pgx.ForEachRow(rows, []any{&d.User, &d.Course, &d.Day, &n.Seconds, &n.Updates}, func() error {
		days[d] = n
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return days
}

func instant(at time.Time) progress.Instant { return progress.Instant(at.UnixMicro()) }

// visit is an update of so many microseconds at a moment.
func visit(user, course, lesson string, at time.Time, micros int64) progress.Record {
	return progress.Update{
		Key: progress.Key{UserID: user, CourseID: course, LessonID: lesson}, WatchedDelta: progress.Some(float64(micros) / 1e6),
		OccurredAt: instant(at),
	}.Record(instant(at)+1e6, 0)
}

// Two sidecars write at the same time what learners did on three days, some batches twice.
// Each day has the sum of what came in, as a plain fold has it.
func TestADayHasAllThatWasDoneOnce(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri), ActivityDaily: true, MaxConnections: 2})
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	want := map[dayOf]done{}
	var mu sync.Mutex
	var both sync.WaitGroup
	for i, w := range []*writer{claim(t, d), claim(t, d)} {
		both.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(i)))
			for range 40 {
				batch := map[progress.Key]progress.Record{}
				for range 1 + random.IntN(12) {
					at := midnight.Add(time.Duration(random.Int64N(int64(72 * time.Hour)))).Truncate(time.Microsecond)
					r := visit(fmt.Sprint("learner ", random.IntN(3)), fmt.Sprint("course ", random.IntN(2)), fmt.Sprint("lesson ", random.IntN(4)), at, random.Int64N(1e8))
					if batch[r.Key].UpdateCount > 0 {
						continue
					}
					batch[r.Key] = r
					day := dayOf{r.UserID, r.CourseID, at.Truncate(24 * time.Hour)}
					mu.Lock()
					n := want[day]
					n.Seconds += float64(r.TimeSpent) / 1e6
					n.Updates++
					want[day] = n
					mu.Unlock()
				}
				b, before := w.next(inOrder(batch)...), w.last
				for range 1 + random.IntN(2) {
					w.last = before
					if _, err := w.try(t.Context(), b); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	both.Wait()
	equal := cmp.Comparer(func(a, b float64) bool { return int64(a*1e6+0.5) == int64(b*1e6+0.5) })
	conn := pgtest.Connect(t, uri)
	if diff := cmp.Diff(want, daysIn(t, conn), equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	type total struct {
		Seconds float64
		Updates int64
	}
	var rows, days total
	err := conn.QueryRow(t.Context(), `SELECT (SELECT sum(time_spent_seconds) FROM progress_sync.lesson_progress), (SELECT sum(update_count) FROM progress_sync.lesson_progress),
		(SELECT sum(seconds) FROM progress_sync.activity_daily), (SELECT sum(updates) FROM progress_sync.activity_daily)`).
		Scan(&rows.Seconds, &rows.Updates, &days.Seconds, &days.Updates)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rows, days, equal); diff != "" {
		t.Errorf("rows and days differ (-rows +days):\n%s", diff)
	}
}

func inOrder(batch map[progress.Key]progress.Record) []progress.Record {
	return slices.SortedFunc(maps.Values(batch), func(a, b progress.Record) int { return a.Key.Compare(b.Key) })
}

func TestWhatIsAddedToADay(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	d := open(t, Options{URI: fixed(uri), ActivityDaily: true})
	w := claim(t, d)
	late := time.Date(2026, 3, 1, 23, 59, 59, 999_999_000, time.UTC)
	first, second := late.Truncate(24*time.Hour), late.Add(time.Second).Truncate(24*time.Hour)
	day := func(at time.Time) dayOf { return dayOf{"ada", "go", at} }
	reset := progress.Reset(progress.Key{UserID: "ada", CourseID: "go", LessonID: "1"}, instant(late.Add(2*time.Second)))
	for _, tt := range []struct {
		name  string
		batch []progress.Record
		want  map[dayOf]done
	}{
		{"the last microsecond of a day", []progress.Record{visit("ada", "go", "1", late, 2e6)}, map[dayOf]done{day(first): {2, 1}}},
		{"two lessons of one batch", []progress.Record{visit("ada", "go", "1", late.Add(time.Microsecond), 1), visit("ada", "go", "2", late, 3e6)},
			map[dayOf]done{day(first): {5, 2}, day(second): {0.000001, 1}}},
		{"a reset adds nothing, and takes nothing away", []progress.Record{reset}, map[dayOf]done{day(first): {5, 2}, day(second): {0.000001, 1}}},
		{"what came in before a reset was done all the same", []progress.Record{visit("ada", "go", "1", late.Add(-time.Hour), 1e6)},
			map[dayOf]done{day(first): {6, 3}, day(second): {0.000001, 1}}},
	} {
		w.apply(t, tt.batch...)
		if diff := cmp.Diff(tt.want, daysIn(t, conn)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	w.apply(t, visit("bob", "go", "1", late, 1e6))
	if _, err := d.Erase(t.Context(), "ada", late.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[dayOf]done{{"bob", "go", first}: {1, 1}}, daysIn(t, conn)); diff != "" {
		t.Errorf("after an erasure (-want +got):\n%s", diff)
	}
	w.apply(t, visit("ada", "go", "1", late, 1e6))
	if n := len(daysIn(t, conn)); n != 1 {
		t.Errorf("what came in before the erasure is of %d days", n-1)
	}
}

func TestProgressIsWrittenWithoutDays(t *testing.T) {
	for name, tt := range map[string]struct {
		before string
		daily  bool
		note   bool
	}{
		"that nobody asks for":                    {"SELECT", false, false},
		"for which there is no table":             {"DROP TABLE progress_sync.activity_daily; DELETE FROM progress_sync.schema_migrations WHERE version >= 11", true, true},
		"into whose table the role may not write": {"REVOKE INSERT ON progress_sync.activity_daily FROM plain", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			server, uri := pgtest.Shared(t), pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			claim(t, open(t, Options{URI: fixed(uri)})) // makes the tables
			if err := server.CreateRole(t.Context(), "plain", "secret"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if _, err := conn.Exec(context.WithoutCancel(t.Context()), "DROP OWNED BY plain; DROP ROLE plain"); err != nil {
					t.Error(err)
				}
			})
			pgtest.Execute(t, conn, strings.ReplaceAll(grantTables, "<role>", "plain"))
			pgtest.Execute(t, conn, tt.before)
			d := open(t, Options{URI: fixed(server.URI("plain", conn.Config().Database)), ActivityDaily: tt.daily, Migrations: config.MigrationsManual})
			w := claim(t, d)
			w.apply(t, watched(1))
			if got := read(t, d, key(1)); got.UpdateCount != 1 {
				t.Errorf("%d updates are written", got.UpdateCount)
			}
			report, err := d.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(report.Notes, func(n string) bool { return slices.Contains([]string{daysMissing(10), daysMissing(11)}, n) })
			if found != tt.note {
				t.Errorf("the check notes %q", report.Notes)
			}
		})
	}
}

func addingUp(t table) table {
	t.daily = true
	return t
}

func TestDaysOfAMappedTableAreItsOwn(t *testing.T) {
	admin, uri := schoolOf(t)
	d := open(t, Options{URI: fixed(uri), Mapping: schoolMapping(), ActivityDaily: true})
	claim(t, d).apply(t, pupil("ada", 30), pupil("bob", 40))
	day := someTime.Time().UTC().Truncate(24 * time.Hour)
	want := map[dayOf]done{{"ada", "c", day}: {0, 1}, {"bob", "c", day}: {0, 1}}
	if diff := cmp.Diff(want, daysIn(t, admin)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if target := pgtest.Value[string](t, admin, "SELECT DISTINCT target FROM progress_sync.activity_daily"); target != `"public"."school"` {
		t.Errorf("they are of %s", target)
	}
	if _, err := d.Erase(t.Context(), "ada", time.Now()); err != nil {
		t.Fatal(err)
	}
	delete(want, dayOf{"ada", "c", day})
	if diff := cmp.Diff(want, daysIn(t, admin)); diff != "" {
		t.Errorf("after an erasure (-want +got):\n%s", diff)
	}
}
