package state

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// BenchmarkSyncState is what each acknowledgement asks for.
func BenchmarkSyncState(b *testing.B) {
	for _, rounds := range []int{0, 1} {
		b.Run(fmt.Sprintf("rounds in flight=%d", rounds), func(b *testing.B) {
			held, err := buffer.Open(buffer.Options{
				Dir: "spool", FS: disktest.New(), Policy: buffer.Policy{Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), MaxPendingRecords: 10_000},
				FreeBytes: func(string) (uint64, error) { return 1 << 40, nil },
			})
			if err != nil {
				b.Fatal(err)
			}
			defer held.Close()
			var updates []progress.Update
			for i := range 5000 {
				updates = append(updates, progress.Update{Key: progress.Key{UserID: fmt.Sprint(i), CourseID: "c", LessonID: "l"}})
			}
			if _, err := held.Put(context.Background(), updates); err != nil {
				b.Fatal(err)
			}
			held.MakeDue(buffer.Filter{})
			for lane := range held.Lanes() {
				if _, err := held.FreezeRound(lane, time.Now(), 60, 32*rounds); err != nil {
					b.Fatal(err)
				}
			}
			s := New(Options{})
			s.Attach(held, nil)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				s.SyncState()
			}
		})
	}
}
