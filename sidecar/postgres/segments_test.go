package postgres

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// seen is a record of one update of key n, of a lesson of so many seconds, which says that
// these were seen.
func seen(n int, duration float64, segments ...[2]float64) progress.Record {
	return progress.Update{
		Key: key(n), CurrentTime: progress.Some(10), Duration: progress.Some(duration), WatchedDelta: progress.Some(5), SeekEvents: 1,
		WatchedSegments: progress.SegmentsOf(segments, duration),
	}.Record(someTime, 0)
}

// viewing is what was seen of a lesson of so many seconds: its first half, or all of it but
// every other stretch of a hundredth.
func viewing(duration float64, scattered bool) [][2]float64 {
	if !scattered {
		return [][2]float64{{0, duration / 2}}
	}
	var pairs [][2]float64
	for i := 0; i < 100; i += 2 {
		pairs = append(pairs, [2]float64{float64(i+1) * duration / 100, float64(i+2) * duration / 100})
	}
	return pairs
}

// TestARowPaysLittleForWhatWasSeen holds that the two columns take 130 bytes at most, and
// shows what they take of a row.
func TestARowPaysLittleForWhatWasSeen(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	w := claim(t, open(t, Options{URI: fixed(uri)}))
	size := func(r progress.Record) (columns, row int) {
		t.Helper()
		w.apply(t, r)
		err := conn.QueryRow(t.Context(), `SELECT coalesce(pg_column_size(watched), 0) + coalesce(pg_column_size(watched_step), 0), pg_column_size(l)
			FROM progress_sync.lesson_progress AS l WHERE lesson_id = $1`, r.LessonID).Scan(&columns, &row)
		if err != nil {
			t.Fatal(err)
		}
		return columns, row
	}
	_, bare := size(seen(0, 300))
	n := 0
	for _, duration := range []float64{300, 600, 976, 977, 1020, 3600, 2 * 3600, 1e6, 1e7} {
		for name, segments := range map[string][][2]float64{
			"the first half": viewing(duration, false), "half of it in 50 parts": viewing(duration, true), "all of it": {{0, duration}},
		} {
			n++
			columns, row := size(seen(n, duration, segments...))
			t.Logf("a lesson of %.0f s, %s: %d bytes, of a row %d, which has %d without", duration, name, columns, row, bare)
			if columns == 0 || columns > 130 {
				t.Errorf("a lesson of %.0f s, %s: the columns have %d bytes", duration, name, columns)
			}
		}
	}
}

// A sidecar of an earlier version names neither column.
func TestAResetByASidecarThatKnowsNoSegmentsForgetsThem(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	for i, tt := range []struct {
		name, reset string
		want        progress.Segments
	}{
		{"a reset", "generation = generation + 1", progress.Segments{}},
		{"no reset", "update_count = update_count + 1", progress.SegmentsOf([][2]float64{{0, 12}}, 300)},
		{"a reset that says what was seen since, the same", "generation = generation + 1, watched = watched, watched_step = watched_step", progress.SegmentsOf([][2]float64{{0, 12}}, 300)},
		{"a reset that says that nothing was", "generation = generation + 1, watched = NULL, watched_step = NULL", progress.Segments{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := seen(i, 300, [2]float64{0, 12})
			w.apply(t, r)
			pgtest.Execute(t, conn, "UPDATE progress_sync.lesson_progress SET "+tt.reset+" WHERE lesson_id = $1", r.LessonID)
			if got := read(t, d, r.Key); got.Segments != tt.want {
				t.Errorf("seen is %+v, want %+v", got.Segments, tt.want)
			}
		})
	}
}

// BenchmarkSegments writes batches of rows that are there already, by turns: without
// segments, with some that are there already, as most of a resent update are, with some that
// are new, and, which is the hard case, with some at another step than the row's.
func BenchmarkSegments(b *testing.B) {
	uri := durableServer(b)
	spent := processorTime(b, uri)
	const keys, rows = 5000, 500
	for turn := range 5 {
		for _, what := range []string{"none", "same", "more", "coarser", "none without triggers"} {
			b.Run(fmt.Sprintf("turn=%d/%s", turn, what), func(b *testing.B) {
				conn := pgtest.Connect(b, uri)
				w := claim(b, open(b, Options{URI: fixed(uri)}))
				batches := make([][]progress.Record, keys/rows)
				triggers := "ENABLE"
				if what == "none without triggers" {
					triggers = "DISABLE"
				}
				pgtest.Execute(b, conn, "ALTER TABLE progress_sync.lesson_progress "+triggers+" TRIGGER USER")
				pgtest.Execute(b, conn, "TRUNCATE progress_sync.lesson_progress")
				for i := range batches {
					for j := range rows {
						r := seen(i*rows+j, 900)
						if what == "same" || what == "more" || what == "coarser" {
							r = seen(i*rows+j, 900, viewing(900, true)...)
						}
						batches[i] = append(batches[i], r)
					}
					w.apply(b, batches[i]...)
				}
				pgtest.Execute(b, conn, "VACUUM progress_sync.lesson_progress")
				before := spent()
				b.ResetTimer()
				for i := range b.N {
					batch := batches[i%len(batches)]
					for j := range batch {
						from := float64(i * 7 % 600)
						switch what {
						case "more":
							batch[j].Segments = progress.SegmentsOf([][2]float64{{from, from + 180}}, 900)
						case "coarser": // first coarser than the row, and then finer
							batch[j].Segments = progress.SegmentsOf([][2]float64{{from, from + 180}}, 900*float64(2-i/len(batches)%2))
						}
					}
					w.apply(b, batch...)
				}
				b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(float64((spent()-before).Microseconds())/float64(b.N*rows), "server-µs/row")
			})
		}
	}
}

// Two pods have seen parts of one lesson each, and neither knows of the other's.
func TestALessonIsCompletedOnceByWhatPodsHaveSeenTogether(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	d := open(t, Options{URI: fixed(uri), Events: true, WatchedToComplete: 95})
	one, other := claim(t, d), claim(t, d)
	completion := progress.Completion{Threshold: 95, ByWatched: true}
	toTheEnd := progress.Update{Key: key(1), CurrentTime: progress.Some(100), Duration: progress.Some(100), SeekEvents: 1}.Record(someTime, 0)
	later := func(r progress.Record, seconds int) progress.Record {
		r.LastWatchedAt += progress.Instant(seconds) * 1e6
		return r
	}
	duration := func(seconds float64) progress.Record {
		return progress.Update{Key: key(1), Duration: progress.Some(seconds)}.Record(someTime+1, 0)
	}
	const once = "completed lesson 0001 0"
	for name, tt := range map[string]struct {
		batches []progress.Record // of the one and of the other by turns
		want    []string
		at      progress.Instant // when it was completed
	}{
		"one half each":                  {[]progress.Record{seen(1, 100, [2]float64{0, 50}), later(seen(1, 100, [2]float64{50, 100}), 7)}, []string{once}, someTime + 7e6},
		"one half each, the late first":  {[]progress.Record{later(seen(1, 100, [2]float64{50, 100}), 7), seen(1, 100, [2]float64{0, 50})}, []string{once}, someTime + 7e6},
		"halves at different steps":      {[]progress.Record{seen(1, 976, [2]float64{0, 500}), seen(1, 977, [2]float64{490, 977})}, []string{once}, someTime},
		"and on and on":                  {[]progress.Record{seen(1, 100, [2]float64{0, 50}), seen(1, 100, [2]float64{50, 100}), seen(1, 100, [2]float64{0, 100}), seen(1, 100, [2]float64{0, 9})}, []string{once}, someTime},
		"each the same half":             {[]progress.Record{seen(1, 100, [2]float64{0, 50}), seen(1, 100, [2]float64{0, 50})}, nil, 0},
		"half, and a seek to the end":    {[]progress.Record{seen(1, 100, [2]float64{0, 50}), toTheEnd}, nil, 0},
		"all, of no duration":            {[]progress.Record{seen(1, 0, [2]float64{0, 50}), seen(1, 0, [2]float64{50, 100})}, nil, 0},
		"and then the duration is known": {[]progress.Record{seen(1, 0, [2]float64{0, 50}), seen(1, 0, [2]float64{50, 100}), duration(100)}, []string{once}, someTime + 1},
		"all of what was a short lesson": {[]progress.Record{seen(1, 976, [2]float64{0, 450}), seen(1, 976, [2]float64{450, 900}), duration(3600), seen(1, 0, [2]float64{900, 976})}, nil, 0},
		"one half each side of a reset": {[]progress.Record{seen(1, 100, [2]float64{0, 50}), resetAt(1), after(resetAt(1), later(seen(1, 100, [2]float64{50, 100}), 7))},
			[]string{"reset lesson 0001 1000000"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress, progress_sync.outbox")
			for i, r := range tt.batches {
				[]*writer{one, other}[i%2].apply(t, completion.Of(r))
			}
			if diff := cmp.Diff(tt.want, toldOf(t, conn), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := read(t, d, key(1)); got.Completed != (tt.at != 0) || got.CompletedAt != tt.at {
				t.Errorf("completed: %v at %d, want %d", got.Completed, got.CompletedAt, tt.at)
			}
		})
	}
}

func TestTheCheckSaysWhatATableLacksToCompleteByWhatWasSeen(t *testing.T) {
	uri := pgtest.Database(t)
	pgtest.Execute(t, pgtest.Connect(t, uri), "CREATE TABLE progress (learner text, course text, lesson text, length real, seen bit varying, step int, UNIQUE (learner, course, lesson))")
	columns := map[string]string{"durationSeconds": "length", "watchedSegments": "seen", "watchedStep": "step"}
	const byWhatWasSeen = "database.mapping.columns has no "
	for name, tt := range map[string]struct {
		threshold float64
		without   []string
		want      string // empty for no such note
	}{
		"nothing":                         {95, nil, ""},
		"the duration":                    {95, []string{"durationSeconds"}, byWhatWasSeen + "durationSeconds, so that"},
		"the segments":                    {95, []string{"watchedSegments", "watchedStep"}, byWhatWasSeen + "watchedSegments, watchedStep, so that"},
		"what the policy does not need":   {0, []string{"watchedSegments", "watchedStep"}, ""},
		"a duration that it does not ask": {0, []string{"durationSeconds"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := progressMapping()
			m.Columns = maps.Clone(columns)
			for _, field := range tt.without {
				delete(m.Columns, field)
			}
			d := open(t, Options{URI: fixed(uri), Mapping: m, WatchedToComplete: tt.threshold})
			claim(t, d)
			report, err := d.Check(t.Context())
			notes := strings.Join(report.Notes, "\n")
			if err != nil || tt.want == "" && strings.Contains(notes, "the policy completes lessons") || !strings.Contains(notes, tt.want) {
				t.Errorf("the check says %v and notes %s", err, notes)
			}
		})
	}
}
