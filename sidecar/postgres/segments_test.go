package postgres

import (
	"fmt"
	"testing"

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
	for turn := range 3 {
		for _, what := range []string{"none", "same", "more", "coarser", "none without triggers"} {
			b.Run(fmt.Sprintf("turn=%d/%s", turn, what), func(b *testing.B) {
				conn := pgtest.Connect(b, uri)
				w := claim(b, open(b, Options{URI: fixed(uri)}))
				batches := make([][]progress.Record, keys/rows)
				if what == "none without triggers" {
					pgtest.Execute(b, conn, "ALTER TABLE progress_sync.lesson_progress DISABLE TRIGGER USER")
					b.Cleanup(func() {
						pgtest.Execute(b, pgtest.Connect(b, uri), "ALTER TABLE progress_sync.lesson_progress ENABLE TRIGGER USER")
					})
				}
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
