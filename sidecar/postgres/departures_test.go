package postgres

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// leftAt is at, of a learner who leaves then.
func leftAt(second int, percentage float64) progress.Record {
	r := at(second, percentage)
	r.LeftAt = r.LastWatchedAt
	return r
}

// bareAt is what a buffer has of a learner who leaves when all is written.
func bareAt(second int) progress.Record {
	when := someTime + progress.Instant(second)*1e6
	return progress.Update{Key: key(1)}.Departure(when)
}

// backAt is a record of who left, came back and is still there.
func backAt(second int) progress.Record { return progress.Merge(leftAt(second-1, 10), at(second, 20)) }

func TestWhoLeftIsToldOncePerSession(t *testing.T) {
	const left, completed, reset = "left lesson 0001", "completed lesson 0001", "reset lesson 0001"
	for table, options := range map[string]Options{"our own table": {}, "a mapped table": {Mapping: tellingMapping()}} {
		uri := pgtest.Database(t)
		conn := pgtest.Connect(t, uri)
		pgtest.Execute(t, conn, tellingTable)
		options.URI, options.Events, options.Departures = fixed(uri), true, true
		w := claim(t, open(t, options))
		for name, c := range map[string]struct {
			batches []progress.Record
			want    []string
			rows    int
		}{
			"with a new row":                              {[]progress.Record{leftAt(0, 50)}, []string{left + " 0"}, 1},
			"with a row that changes":                     {[]progress.Record{at(0, 50), leftAt(1, 60)}, []string{left + " 0"}, 1},
			"behind a completion in one record":           {[]progress.Record{leftAt(0, 100)}, []string{completed + " 0", left + " 0"}, 1},
			"each session":                                {[]progress.Record{leftAt(0, 50), leftAt(10, 60)}, []string{left + " 0", left + " 0"}, 1},
			"when all was written before":                 {[]progress.Record{at(0, 50), bareAt(10)}, []string{left + " 0"}, 1},
			"not again when nothing was done since":       {[]progress.Record{leftAt(0, 50), bareAt(10), bareAt(20)}, []string{left + " 0"}, 1},
			"again when something was done since":         {[]progress.Record{leftAt(0, 50), at(10, 60), bareAt(20)}, []string{left + " 0", left + " 0"}, 1},
			"not of a lesson that was not begun":          {[]progress.Record{bareAt(0)}, nil, 0},
			"not of who came back in time":                {[]progress.Record{backAt(5)}, nil, 1},
			"of the generation that the row has":          {[]progress.Record{resetAt(1), leftAt(2, 50)}, []string{reset + " 1000000", left + " 1000000"}, 1},
			"not of what was done before a reset":         {[]progress.Record{resetAt(5), leftAt(1, 50)}, []string{reset + " 5000000"}, 1},
			"with a reset that came first, in one record": {[]progress.Record{after(resetAt(1), leftAt(2, 50))}, []string{reset + " 1000000", left + " 1000000"}, 1},
			"a reset that is united with it is not lost":  {[]progress.Record{at(0, 50), progress.Merge(resetAt(1), bareAt(2).Raise(resetAt(1).Generation))}, []string{reset + " 1000000", left + " 1000000"}, 1},
		} {
			t.Run(table+"/"+name, func(t *testing.T) {
				pgtest.Execute(t, conn, "TRUNCATE progress_sync.lesson_progress, progress_sync.outbox, studies")
				for _, r := range c.batches {
					w.apply(t, r)
				}
				if diff := cmp.Diff(c.want, toldOf(t, conn), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if n := pgtest.Value[int](t, conn, "SELECT count(*) - count(DISTINCT id) FROM progress_sync.outbox"); n != 0 {
					t.Errorf("%d events have the id of another", n)
				}
				if n := pgtest.Value[int](t, conn, "SELECT (SELECT count(*) FROM progress_sync.lesson_progress) + (SELECT count(*) FROM studies)"); n != c.rows {
					t.Errorf("%d rows, want %d", n, c.rows)
				}
			})
		}
	}
}

// A policy that asks for it no more finds what was gathered before.
func TestABareDepartureMakesNoRowThoughNobodyAsks(t *testing.T) {
	for name, options := range map[string]Options{
		"no events": {}, "events of completions": {Events: true}, "a mapped table": {Mapping: tellingMapping()},
		"days": {ActivityDaily: true},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			conn := pgtest.Connect(t, uri)
			pgtest.Execute(t, conn, tellingTable)
			options.URI = fixed(uri)
			claim(t, open(t, options)).apply(t, bareAt(0))
			if n := pgtest.Value[int](t, conn, `SELECT (SELECT count(*) FROM progress_sync.lesson_progress) + (SELECT count(*) FROM studies)
				+ (SELECT count(*) FROM progress_sync.outbox) + (SELECT count(*) FROM progress_sync.activity_daily)`); n != 0 {
				t.Errorf("it has made %d rows", n)
			}
		})
	}
}

func TestTheEventOfADepartureTellsWhatTheRowHas(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	w := claim(t, open(t, Options{URI: fixed(uri), Events: true, Departures: true}))
	// The other one of the second batch changes its row, and has not left.
	for _, batch := range [][]progress.Record{
		{progress.Update{
			Key: key(1), ModuleID: "m", CurrentTime: progress.Some(61.25), Duration: progress.Some(100), WatchedDelta: progress.Some(4.5),
			WatchedSegments: progress.SegmentsOf([][2]float64{{0, 61}}, 100),
		}.Record(someTime, 95)},
		{bareAt(8), watched(2)},
	} {
		w.apply(t, batch...)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(pgtest.Value[string](t, conn, "SELECT payload::text FROM progress_sync.outbox")), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"userId": "learner", "courseId": "course", "lessonId": "lesson 0001", "moduleId": "m", "generation": 0.0,
		"percentage": 61.25, "positionSeconds": 61.25, "durationSeconds": 100.0, "timeSpentSeconds": 4.5,
		"watchedSegments": []any{[]any{0.0, 61.0}}, "completed": false, "leftAt": "2023-11-14T22:13:28.000000Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
