package postgres

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// anyRecord draws from few keys, times and values, so that ties, late arrivals
// and old generations are frequent.
func anyRecord() *rapid.Generator[progress.Record] {
	return rapid.Custom(func(t *rapid.T) progress.Record {
		k := key(rapid.IntRange(0, 1).Draw(t, "key"))
		received := someTime + progress.Instant(rapid.Int64Range(1, 6).Draw(t, "received"))
		generation := progress.Instant(0)
		if g := rapid.Int64Range(0, 2).Draw(t, "generation"); g > 0 {
			generation = someTime + progress.Instant(2*g)
		}
		if generation > 0 && rapid.IntRange(0, 3).Draw(t, "reset") == 0 {
			return progress.Reset(k, generation)
		}
		amount := func(label string) progress.Number {
			if !rapid.Bool().Draw(t, label+" given") {
				return progress.Number{}
			}
			return progress.Some(rapid.SampledFrom([]float64{0, 0.1, 1.0 / 3, 7, 94.99, 100}).Draw(t, label))
		}
		update := progress.Update{
			Key:        k,
			ModuleID:   rapid.SampledFrom([]string{"", "a", "B", "é"}).Draw(t, "module"),
			OccurredAt: someTime + progress.Instant(rapid.Int64Range(1, 2).Draw(t, "occurred")),
		}
		for _, input := range progress.Inputs(progress.Fields()) {
			switch input.Type {
			case progress.TypeText, progress.TypeTime:
			case progress.TypeCount:
				*input.Integer(&update) = rapid.Int64Range(0, 3).Draw(t, input.Name)
			case progress.TypeFlag:
				*input.Flag(&update) = rapid.Bool().Draw(t, input.Name)
			case progress.TypeSegments:
				*input.Segments(&update) = anySegments(t)
			default:
				*input.Number(&update) = amount(input.Name)
			}
		}
		r := update.Record(received, 95)
		r.Generation = generation
		return r
	})
}

// anySegments are of few steps, and end in few places.
func anySegments(t *rapid.T) progress.Segments {
	step := rapid.SampledFrom([]float64{1, 1, 2, 16}).Draw(t, "step")
	var pairs [][2]float64
	for range rapid.IntRange(0, 3).Draw(t, "segments") {
		from := rapid.SampledFrom([]float64{0, 3, 17, 250, 1000}).Draw(t, "from")
		pairs = append(pairs, [2]float64{from * step, (from + rapid.SampledFrom([]float64{1, 5, 24}).Draw(t, "length")) * step})
	}
	return progress.SegmentsOf(pairs, 1024*step)
}

// merged turns drawn records into the content of a batch: sorted, each key once.
func merged(records []progress.Record) []progress.Record {
	byKey := map[progress.Key]progress.Record{}
	for _, r := range records {
		if held, ok := byKey[r.Key]; ok {
			r = progress.Merge(held, r)
		}
		byKey[r.Key] = r
	}
	return slices.SortedFunc(maps.Values(byKey), func(a, b progress.Record) int { return a.Key.Compare(b.Key) })
}

func TestTheUpsertMergesAsTheDomainDoes(t *testing.T) {
	uri := pgtest.Database(t)
	conn := pgtest.Connect(t, uri)
	create, mapping := mirror()
	pgtest.Execute(t, conn, create)
	for name, options := range map[string]Options{
		"prepared":                        {ExecMode: config.ExecModeCacheStatement},
		"not prepared":                    {ExecMode: config.ExecModeExec},
		"in a mapped table with its like": {Mapping: mapping},
		"where what was seen completes":   {WatchedToComplete: 3},
		"and so in a mapped table":        {WatchedToComplete: 3, Mapping: mapping},
	} {
		t.Run(name, func(t *testing.T) {
			options.URI = fixed(uri)
			d := open(t, options)
			w := claim(t, d)
			completion := progress.Completion{Threshold: options.WatchedToComplete, ByWatched: true}
			rapid.Check(t, func(rt *rapid.T) {
				if _, err := conn.Exec(t.Context(), "TRUNCATE progress_sync.lesson_progress, mirror"); err != nil {
					rt.Fatal(err)
				}
				want := map[progress.Key]progress.Record{}
				for range rapid.IntRange(1, 6).Draw(rt, "batches") {
					batch := merged(rapid.SliceOfN(anyRecord(), 0, 6).Draw(rt, "records"))
					changed := int64(0)
					for i, r := range batch {
						r = completion.Of(r)
						batch[i] = r
						after := r
						before, saved := want[r.Key]
						if saved {
							after = progress.Merge(before, r.Raise(before.Generation))
							if after.Generation == before.Generation && after != before {
								after = completion.Of(after)
							}
						}
						want[r.Key] = after
						if !saved || before != after {
							changed++
						}
					}
					result, err := w.try(t.Context(), w.next(batch...))
					if err != nil {
						rt.Fatal(err)
					}
					if result.Outcome != Applied || result.Rows != changed {
						rt.Fatalf("%v, %d rows written, want %d", result.Outcome, result.Rows, changed)
					}
				}
				got, err := d.readAll(t.Context(), Filter{UserID: "learner"})
				if err != nil {
					rt.Fatal(err)
				}
				all := slices.SortedFunc(maps.Values(want), func(a, b progress.Record) int { return a.Key.Compare(b.Key) })
				if diff := cmp.Diff(all, got); diff != "" && len(all)+len(got) > 0 {
					rt.Fatalf("merged in Go (-) and in SQL (+):\n%s", diff)
				}
			})
		})
	}
}

func TestWhatWasNeverReportedIsNull(t *testing.T) {
	uri := pgtest.Database(t)
	w := claim(t, open(t, Options{URI: fixed(uri)}))
	w.apply(t, progress.Update{Key: key(1), SeekEvents: 2}.Record(someTime, 95), progress.Reset(key(2), someTime))
	conn := pgtest.Connect(t, uri)
	rows, err := conn.Query(t.Context(), `
		SELECT ARRAY[
		       num_nulls(module_id, position_seconds, duration_seconds, playback_speed, completed_at),
		       num_nulls(module_at, module_received_at, position_at, position_received_at,
		                 duration_at, duration_received_at, playback_speed_at, playback_speed_received_at),
		       num_nulls(first_watched_at, last_watched_at), seek_events, update_count]
		FROM progress_sync.lesson_progress ORDER BY lesson_id`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[[]int64])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int64{{5, 8, 0, 2, 1}, {5, 8, 2, 0, 0}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSumsStayExact(t *testing.T) {
	d := open(t, Options{URI: fixed(pgtest.Database(t))})
	w := claim(t, d)
	const times = 300
	for i := range times {
		w.apply(t, progress.Update{Key: key(1), WatchedDelta: progress.Some(0.1)}.Record(someTime+progress.Instant(i), 95))
	}
	// Nearly three years of watching, to the microsecond.
	const long = 90_000_000_000_001
	w.apply(t, progress.Record{Key: key(1), TimeSpent: long, UpdateCount: 1, ReceivedAt: someTime})
	if got, want := read(t, d, key(1)).TimeSpent, int64(long+times*100_000); got != want {
		t.Errorf("the sum is %d µs, want %d", got, want)
	}
}

func TestARecordThatChangesNothingRewritesNothing(t *testing.T) {
	uri := pgtest.Database(t)
	w := claim(t, open(t, Options{URI: fixed(uri)}))
	conn := pgtest.Connect(t, uri)
	reset := progress.Reset(key(1), someTime+10)
	w.apply(t, reset)
	version := func() (v string) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), "SELECT ctid::text FROM progress_sync.lesson_progress").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := version()
	for name, r := range map[string]progress.Record{"the reset again": reset, "what came in before the reset": watched(1)} {
		if result := w.apply(t, r); result.Rows != 0 || version() != before {
			t.Errorf("%s wrote %d rows", name, result.Rows)
		}
	}
}
