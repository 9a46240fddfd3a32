package buffer

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// learners are keys of the usual shape, three UUIDs.
func learners(n int) []progress.Key {
	course, lesson := uuid.NewString(), uuid.NewString()
	keys := make([]progress.Key, n)
	for i := range keys {
		keys[i] = progress.Key{UserID: uuid.NewString(), CourseID: course, LessonID: lesson}
	}
	return keys
}

func heartbeat(k progress.Key, i int) progress.Update {
	return progress.Update{
		Key:             k,
		ModuleID:        "module-1",
		CurrentTime:     progress.Some(float64(i % 600)),
		Duration:        progress.Some(900),
		WatchedDuration: progress.Some(float64(i % 600)),
		WatchedDelta:    progress.Some(5),
		PlaybackSpeed:   progress.Some(1.25),
		PauseEvents:     1,
	}
}

func diskBuffer(b *testing.B) *Buffer {
	b.Helper()
	p := testPolicy()
	p.MaxPendingRecords = 0
	p.SizeLimitBytes = 0
	buf, err := Open(Options{Dir: b.TempDir(), Policy: p})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := buf.Close(); err != nil {
			b.Error(err)
		}
	})
	return buf
}

// BenchmarkPut writes to a real file system with its syncs.
func BenchmarkPut(b *testing.B) {
	for _, bb := range []struct{ goroutines, items int }{{1, 1}, {64, 1}, {1, 50}, {64, 50}} {
		b.Run(fmt.Sprintf("goroutines=%d/items=%d", bb.goroutines, bb.items), func(b *testing.B) {
			buf := diskBuffer(b)
			keys := learners(2000)
			b.ReportAllocs()
			b.SetParallelism(max(1, bb.goroutines/runtime.GOMAXPROCS(0)))
			var worker atomic.Int64
			put := func(next func() bool) {
				i := int(worker.Add(1)) * 31
				updates := make([]progress.Update, bb.items)
				for next() {
					for j := range updates {
						i++
						updates[j] = heartbeat(keys[i%len(keys)], i)
					}
					if _, err := buf.Put(context.Background(), updates); err != nil {
						b.Error(err)
						return
					}
				}
			}
			if bb.goroutines == 1 {
				put(b.Loop)
			} else {
				b.RunParallel(func(pb *testing.PB) { put(pb.Next) })
			}
			b.ReportMetric(float64(b.N*bb.items)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}
