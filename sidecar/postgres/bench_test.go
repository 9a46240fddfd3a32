package postgres

import (
	"fmt"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// BenchmarkApply writes batches of rows that are there already, with default
// durability.
func BenchmarkApply(b *testing.B) {
	server, err := pgtest.Start(b.Context(), pgtest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	})
	uri := server.URI(pgtest.Superuser, "postgres")
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
