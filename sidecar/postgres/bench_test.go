package postgres

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/bench/alternative"
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
// fastest way to write as many rows by hand: a prepared upsert without a ledger
// and with fewer columns, a transaction a batch.
func BenchmarkApplyRound(b *testing.B) {
	uri := durableServer(b)
	conn := pgtest.Connect(b, uri)
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
			if err := alternative.CreateTable(b.Context(), conn); err != nil {
				b.Fatal(err)
			}
			var took time.Duration
			for range b.N {
				once, err := alternative.Bulk(b.Context(), conn, size.batches*size.rows, size.rows)
				if err != nil {
					b.Fatal(err)
				}
				took += once
			}
			b.ReportMetric(float64(b.N*size.batches*size.rows)/took.Seconds(), "rows/s")
		})
	}
}

// durableServer is one with PostgreSQL's default durability.
func durableServer(b *testing.B) (uri string) {
	b.Helper()
	server := pgtest.Private(b, pgtest.Options{})
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

// BenchmarkEvents writes batches of rows that are there already and complete none of
// them, by turns without events, with them, and with those of who left: nobody, and, the hard
// case, everybody.
func BenchmarkEvents(b *testing.B) {
	uri := durableServer(b)
	spent := processorTime(b, uri)
	const keys, rows = 5000, 500
	for turn := range 3 {
		for _, c := range []struct {
			name                     string
			events, departures, left bool
		}{
			{"events=false", false, false, false}, {"events=true", true, false, false},
			{"left=none", true, true, false}, {"left=all", true, true, true},
		} {
			b.Run(fmt.Sprintf("turn=%d/%s", turn, c.name), func(b *testing.B) {
				w := claim(b, open(b, Options{URI: fixed(uri), Events: c.events, Departures: c.departures}))
				batches := make([][]progress.Record, keys/rows)
				for i := range batches {
					for j := range rows {
						r := watched(i*rows + j)
						if c.left {
							r.LeftAt = r.LastWatchedAt
						}
						batches[i] = append(batches[i], r)
					}
					w.apply(b, batches[i]...)
				}
				before := spent()
				b.ResetTimer()
				for i := range b.N {
					w.apply(b, batches[i%len(batches)]...)
				}
				b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(float64((spent()-before).Microseconds())/float64(b.N*rows), "server-µs/row")
			})
		}
	}
}

// processorTime tells how much processor time the sessions of sidecars have taken.
func processorTime(b *testing.B, uri string) func() time.Duration {
	b.Helper()
	conn := pgtest.Connect(b, uri)
	return func() (sum time.Duration) {
		b.Helper()
		rows, err := conn.Query(b.Context(), "SELECT pid FROM pg_stat_activity WHERE application_name = $1", defaultApplicationName)
		if err != nil {
			b.Fatal(err)
		}
		pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
		if err != nil {
			b.Fatal(err)
		}
		for _, pid := range pids {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil {
				b.Fatal(err)
			}
			// proc_pid_stat(5): utime and stime are fields 14 and 15, in hundredths of a second.
			fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
			for _, field := range fields[11:13] {
				ticks, err := strconv.ParseInt(field, 10, 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += time.Duration(ticks) * 10 * time.Millisecond
			}
		}
		return sum
	}
}
