package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// BenchmarkApply writes batches of rows that are there already, with default
// durability.
func BenchmarkApply(b *testing.B) {
	uri := durableServer(b)
	for _, rows := range []int{10, 50, 500} {
		for _, mode := range []config.ExecMode{config.ExecModeCacheStatement, config.ExecModeExec} {
			b.Run(fmt.Sprintf("rows=%d/mode=%s", rows, mode), func(b *testing.B) {
				w := claim(b, open(b, Options{URI: fixed(uri), ExecMode: mode}))
				const keys = 5000
				batches := make([][]progress.Record, keys/rows)
				for i := range batches {
					for j := range rows {
						batches[i] = append(batches[i], watched(i*rows+j))
					}
					w.apply(b, batches[i]...)
				}
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					w.apply(b, batches[i%len(batches)]...)
				}
				b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// BenchmarkApplyRound writes several batches in a round trip, next to the
// fastest way to write the same rows by hand: a prepared upsert without a
// ledger, a transaction a batch.
func BenchmarkApplyRound(b *testing.B) {
	uri := durableServer(b)
	conn := connect(b, uri)
	for _, size := range []struct{ batches, rows int }{{1, 10}, {10, 10}, {1, 50}, {10, 50}, {1, 500}, {4, 500}, {5, 1000}} {
		name := fmt.Sprintf("batches=%d/rows=%d", size.batches, size.rows)
		const keys = 5000
		var batches [][]progress.Record
		for i := range keys / size.rows {
			batch := make([]progress.Record, size.rows)
			for j := range batch {
				batch[j] = watched(i*size.rows + j)
			}
			batches = append(batches, batch)
		}
		b.Run(name+"/ours", func(b *testing.B) {
			w := claim(b, open(b, Options{URI: fixed(uri)}))
			round := make([]progress.Batch, size.batches)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				for j := range round {
					round[j] = progress.Batch{Number: w.last + uint64(j) + 1, Records: batches[(i*size.batches+j)%len(batches)]}
				}
				results, err := w.d.ApplyRound(b.Context(), w.id, w.owner, w.last, round)
				if err != nil || len(results) != len(round) {
					b.Fatal(len(results), err)
				}
				w.last += uint64(len(round))
			}
			b.ReportMetric(float64(b.N*size.batches*size.rows)/b.Elapsed().Seconds(), "rows/s")
		})
		b.Run(name+"/byhand", func(b *testing.B) {
			execute(b, conn, `
				DROP TABLE IF EXISTS by_hand;
				CREATE TABLE by_hand (user_id text, course_id text, lesson_id text, position double precision, seeks bigint,
					seen_at timestamptz, PRIMARY KEY (user_id, course_id, lesson_id)) WITH (fillfactor = 50)`)
			b.ResetTimer()
			for i := range b.N {
				for j := range size.batches {
					byHand(b, conn, batches[(i*size.batches+j)%len(batches)])
				}
			}
			b.ReportMetric(float64(b.N*size.batches*size.rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func byHand(b *testing.B, conn *pgx.Conn, records []progress.Record) {
	var users, courses, lessons []string
	var positions []float64
	var seeks []int64
	var seen []time.Time
	for _, r := range records {
		users, courses, lessons = append(users, r.UserID), append(courses, r.CourseID), append(lessons, r.LessonID)
		positions, seeks, seen = append(positions, r.Position), append(seeks, r.SeekEvents), append(seen, r.LastWatchedAt.Time())
	}
	execute(b, conn, `INSERT INTO by_hand AS l SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::bigint[], $6::timestamptz[])
		ON CONFLICT (user_id, course_id, lesson_id) DO UPDATE SET
		position = CASE WHEN excluded.seen_at < l.seen_at THEN l.position ELSE excluded.position END,
		seeks = l.seeks + excluded.seeks, seen_at = greatest(l.seen_at, excluded.seen_at)`,
		users, courses, lessons, positions, seeks, seen)
}

// durableServer is one with PostgreSQL's default durability.
func durableServer(b *testing.B) (uri string) {
	b.Helper()
	server, err := pgtest.Start(b.Context(), pgtest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	})
	return server.URI(pgtest.Superuser, "postgres")
}

// BenchmarkEncode is the client's share of a batch.
func BenchmarkEncode(b *testing.B) {
	for _, rows := range []int{10, 500} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			batch := progress.Batch{Number: 1}
			for i := range rows {
				batch.Records = append(batch.Records, watched(i))
			}
			e := newEncoder()
			b.ReportAllocs()
			for b.Loop() {
				e.encode(identity{}, 1, 0, batch, nil)
			}
		})
	}
}
