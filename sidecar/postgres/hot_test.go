package postgres

import (
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestUpdatesStayOnTheirPage holds that the table's fillfactor and the lack of
// an index on what changes let updates be heap-only.
func TestUpdatesStayOnTheirPage(t *testing.T) {
	for name, how := range map[string]struct{ events, segments bool }{"without events": {}, "with events": {events: true}, "with segments": {segments: true}} {
		t.Run(name, func(t *testing.T) { stayOnTheirPage(t, how.events, how.segments) })
	}
}

// stayOnTheirPage updates rows once; those with segments are all seen to the end by then, in
// a lesson whose bits take the most bytes there are.
func stayOnTheirPage(t *testing.T, events, segments bool) {
	t.Helper()
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri), Events: events})
	w := claim(t, d)
	const rows, batchSize = 6000, 500
	for pass := range 2 {
		for from := 0; from < rows; from += batchSize {
			var batch []progress.Record
			for n := from; n < from+batchSize; n++ {
				r := watched(n)
				r.UserID, r.CourseID = "3f0c9a52-8d1e-4b7a-9c61-0e5d2b7f4a13", "b7e1d2c3-5a4f-4e6d-8c9b-1a2f3e4d5c6b"
				r.Completed = pass == 1 // then each has an event, if there are any
				if segments {
					r.Segments = progress.SegmentsOf([][2]float64{{0, 976}}, 976)
					if pass == 0 {
						r.Segments = progress.SegmentsOf(viewing(976, true), 976)
					}
				}
				batch = append(batch, r)
			}
			w.apply(t, batch...)
		}
	}
	d.Close() // the server's counts come with the end of a session
	conn := pgtest.Connect(t, uri)
	until(t, conn, "SELECT n_tup_upd >= $1 FROM pg_stat_user_tables WHERE relname = 'lesson_progress'", rows)
	var updated, hot int
	if err := conn.QueryRow(t.Context(), "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'lesson_progress'").Scan(&updated, &hot); err != nil {
		t.Fatal(err)
	}
	if 100*hot < 95*updated {
		t.Errorf("%d of %d updates stayed on their page", hot, updated)
	}
	t.Logf("%d of %d updates stayed on their page", hot, updated)
}
