package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// otherUnits is a table whose columns have other units, and the mapping for it.
func otherUnits(fraction, millis string) (string, *config.Mapping) {
	return fmt.Sprintf(`CREATE TABLE progress (learner text, course text, lesson text, completion %s, position %s, spent %[2]s, duration %[2]s,
			UNIQUE (learner, course, lesson))`, fraction, millis), &config.Mapping{
			Schema: "public", Table: "progress", KeyColumns: config.KeyColumns{UserID: "learner", CourseID: "course", LessonID: "lesson"},
			Columns: map[string]string{"percentage": "completion", "positionSeconds": "position", "timeSpentSeconds": "spent", "durationSeconds": "duration"},
			Scale:   map[string]string{"percentage": "0.01", "positionSeconds": "1000", "timeSpentSeconds": "1000", "durationSeconds": "1000"},
		}
}

func TestAColumnMayHaveAnotherUnit(t *testing.T) {
	for kinds, want := range map[[2]string]string{
		{"double precision", "double precision"}: "0.57 61400.25 3000.004 90000",
		{"double precision", "bigint"}:           "0.57 61400 3000 90000",
		{"real", "integer"}:                      "0.57 61400 3000 90000",
		{"numeric(5,4)", "numeric(12,3)"}:        "0.5700 61400.250 3000.004 90000.000",
		{"numeric", "numeric"}:                   "0.57 61400.25 3000.004 90000",
	} {
		t.Run(kinds[0]+" and "+kinds[1], func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			create, m := otherUnits(kinds[0], kinds[1])
			pgtest.Execute(t, conn, create)
			d := open(t, Options{URI: fixed(uri), Mapping: m})
			w := claim(t, d)
			update := progress.Update{Key: key(1), CurrentTime: progress.Some(61.40025), Duration: progress.Some(90), Percentage: progress.Some(57),
				WatchedDelta: progress.Some(1.000002)}
			w.apply(t, update.Record(someTime, 95))
			w.apply(t, update.Record(someTime+1, 95))
			less := progress.Update{Key: key(1), Percentage: progress.Some(56.9), WatchedDelta: progress.Some(1)}
			w.apply(t, less.Record(someTime+2, 95))
			if diff := cmp.Diff([]string{want}, lines(t, conn, "SELECT format('%s %s %s %s', completion, position, spent, duration) FROM progress")); diff != "" {
				t.Error(diff)
			}
			got := read(t, d, key(1))
			fine := strings.Contains(want, "3000.004")
			if got.Percentage != 57 || got.Duration != 90 || fine && (got.Position != 61.40025 || got.TimeSpent != 3_000_004) || !fine && got.TimeSpent != 3_000_000 {
				t.Errorf("read %+v", got)
			}
		})
	}
}

func TestAScaledValueNeverFallsAndComesBack(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	create, m := otherUnits("double precision", "double precision")
	pgtest.Execute(t, conn, create)
	d := open(t, Options{URI: fixed(uri), Mapping: m})
	w := claim(t, d)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := conn.Exec(t.Context(), "TRUNCATE progress"); err != nil {
			rt.Fatal(err)
		}
		m.Scale["percentage"] = rapid.SampledFrom(config.Scales()).Draw(rt, "scale")
		next := *m
		next.Scale = map[string]string{"percentage": m.Scale["percentage"], "timeSpentSeconds": rapid.SampledFrom(config.Scales()).Draw(rt, "scale of the sum")}
		d.SetOptions(Options{URI: fixed(uri), Mapping: &next})
		var most float64
		var sum int64
		var last string
		for i := range rapid.IntRange(1, 5).Draw(rt, "updates") {
			percent := float64(rapid.IntRange(0, 100_000_000).Draw(rt, "millionths of a percent")) / 1e6
			micros := rapid.Int64Range(0, 1e10).Draw(rt, "micros")
			r := progress.Update{Key: key(1), Percentage: progress.Some(percent)}.Record(someTime+progress.Instant(i), 95)
			r.TimeSpent = micros
			most, sum = max(most, percent), sum+micros
			if _, err := w.try(t.Context(), w.next(r)); err != nil {
				rt.Fatal(err)
			}
			got, err := d.readAll(t.Context(), Filter{UserID: key(1).UserID})
			if err != nil || len(got) != 1 || got[0].Percentage != most || got[0].TimeSpent != sum {
				rt.Fatalf("read %+v, %v, want %v and %d", got, err, most, sum)
			}
			var now string
			if err := conn.QueryRow(t.Context(), "SELECT completion::text FROM progress").Scan(&now); err != nil {
				rt.Fatal(err)
			}
			if percent < most && last != "" && now != last {
				rt.Fatalf("a smaller value changed %s to %s", last, now)
			}
			last = now
		}
	})
}

func TestAFractionInAColumnOfWholeNumbersIsRefused(t *testing.T) {
	for _, kind := range []string{"integer", "smallint", "numeric(3,0)"} {
		uri := pgtest.Database(t)
		conn := pgtest.Connect(t, uri)
		create, m := otherUnits(kind, "bigint")
		pgtest.Execute(t, conn, create)
		d := open(t, Options{URI: fixed(uri), Mapping: m})
		f := Classify(tryClaim(t, d))
		if f.Class != SchemaMissing || !strings.Contains(f.Message, `column "completion" for percentage is `) || !strings.Contains(f.Message, "can't hold a fraction") {
			t.Fatalf("%s: %+v", kind, f)
		}
		pgtest.Execute(t, conn, statementsIn(t, f.Message)[0])
		claim(t, d).apply(t, progress.Update{Key: key(1), Percentage: progress.Some(57)}.Record(someTime, 95))
		if got := read(t, d, key(1)); got.Percentage != 57 {
			t.Errorf("%s: read %v", kind, got.Percentage)
		}
	}
}

// A column that rounds must not make a value that is there look like a new one:
// a table may have a trigger that drops updates to the same values.
func TestWhatAColumnRoundsIsComparedAsRounded(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, `CREATE TABLE progress (learner text, course text, lesson text, percent numeric(5,2), fraction numeric(4,3), position real, seen timestamp(3), first_seen timestamptz(0),
			UNIQUE (learner, course, lesson));
		CREATE TRIGGER same BEFORE UPDATE ON progress FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`)
	m := progressMapping()
	m.Columns = map[string]string{"percentage": "percent", "watchedSeconds": "fraction", "positionSeconds": "position", "lastWatchedAt": "seen", "firstWatchedAt": "first_seen"}
	m.Scale = map[string]string{"watchedSeconds": "0.001"}
	w := claim(t, open(t, Options{URI: fixed(uri), Mapping: m}))
	r := progress.Update{Key: key(1), Percentage: progress.Some(33.336), WatchedDuration: progress.Some(12.345), CurrentTime: progress.Some(0.1)}.Record(someTime+123_456, 95)
	for i, want := range []int64{1, 0, 0} {
		if result := w.apply(t, r); result.Rows != want {
			t.Errorf("write %d changed %d rows, want %d", i, result.Rows, want)
		}
	}
	less := r
	less.Percentage, less.LastWatchedAt = 33.3351, r.LastWatchedAt-400
	w.apply(t, less)
	if diff := cmp.Diff([]string{"33.34 0.012 0.1 22:13:20.123 22:13:20"}, lines(t, conn, "SELECT format('%s %s %s %s %s', percent, fraction, position, seen::time, first_seen::time) FROM progress")); diff != "" {
		t.Error(diff)
	}
}
