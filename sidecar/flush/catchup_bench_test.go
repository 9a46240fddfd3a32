package flush

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// BenchmarkCatchUp writes what an outage has left, new rows, with the database's
// default durability.
func BenchmarkCatchUp(b *testing.B) {
	server := pgtest.Private(b, pgtest.Options{})
	for _, size := range []int{10, 50, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			p := bufferPolicy
			p.MaxPendingRecords = 1 << 30
			held, err := buffer.Open(buffer.Options{Dir: b.TempDir(), FS: disk.OS{}, Policy: p})
			if err != nil {
				b.Fatal(err)
			}
			defer held.Close()
			db := postgres.New(postgres.Options{URI: func() (string, error) { return server.URI(pgtest.Superuser, "postgres"), nil }})
			defer db.Close()
			run := time.Now().UnixNano()
			var updates []progress.Update
			for i := range b.N {
				updates = append(updates, progress.Update{Key: progress.Key{
					UserID: fmt.Sprintf("learner-%d-%d", run, i), CourseID: "course", LessonID: "lesson",
				}, SeekEvents: 1, WatchedDelta: progress.Some(5)})
				if len(updates) == 1000 || i == b.N-1 {
					if _, err := held.Put(context.Background(), updates); err != nil {
						b.Fatal(err)
					}
					updates = updates[:0]
				}
			}
			policy := testPolicy
			policy.BatchSize = size
			f, stop := launch(held, db, policy, &journal{})
			b.ResetTimer()
			if n, err := f.Drain(context.Background()); n != 0 || err != nil {
				b.Fatalf("%d left: %v", n, err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			_ = stop()
		})
	}
}
