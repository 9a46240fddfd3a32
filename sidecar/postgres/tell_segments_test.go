package postgres

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// What was seen is told as the API tells it.
func TestAnEventTellsWhatWasSeen(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	w := claim(t, open(t, Options{URI: fixed(uri), Events: true}))
	for name, c := range map[string]struct {
		seen     [][2]float64
		duration float64
		shorter  float64 // said by a later update, 0 if none says so
	}{
		"nothing":                         {nil, 100, 0},
		"from the start":                  {[][2]float64{{0, 12}}, 100, 0},
		"two parts":                       {[][2]float64{{3, 12}, {30, 45}}, 100, 0},
		"to the end, between two seconds": {[][2]float64{{0, 12}, {90, 99.5}}, 99.5, 0},
		"of a long lesson":                {[][2]float64{{8, 4000}, {9000, 10000}}, 10000, 0},
		"without a length":                {[][2]float64{{5, 6}, {100, 1000}}, 0, 0},
		"of one that was longer":          {[][2]float64{{0, 12}, {30, 45}, {70, 80}}, 100, 40},
	} {
		t.Run(name, func(t *testing.T) {
			pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress, progress_sync.outbox")
			seen := progress.Update{Key: key(1), WatchedSegments: progress.SegmentsOf(c.seen, c.duration)}
			last := progress.Update{Key: key(1), Completed: true}
			if c.duration > 0 {
				seen.Duration = progress.Some(c.duration)
			}
			if c.shorter > 0 {
				c.duration = c.shorter
				last.Duration = progress.Some(c.shorter)
			}
			w.apply(t, seen.Record(someTime, 95))
			w.apply(t, last.Record(someTime+1e6, 95))
			var got struct {
				DurationSeconds float64
				WatchedSegments [][2]float64
			}
			if err := json.Unmarshal([]byte(pgtest.Value[string](t, conn, "SELECT payload::text FROM progress_sync.outbox")), &got); err != nil {
				t.Fatal(err)
			}
			var want [][2]float64
			seen.WatchedSegments.Each(c.duration, func(from, to float64) { want = append(want, [2]float64{from, to}) })
			if diff := cmp.Diff(want, got.WatchedSegments, cmpopts.EquateEmpty()); diff != "" || got.DurationSeconds != c.duration {
				t.Errorf("of %v s (-want +got):\n%s", got.DurationSeconds, diff)
			}
		})
	}
}
