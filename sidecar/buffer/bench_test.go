package buffer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
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
	for _, bb := range []struct{ goroutines, items int }{{1, 1}, {64, 1}, {256, 1}, {1, 50}, {64, 50}} {
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

// BenchmarkFreeze freezes and confirms batches of records that are due.
func BenchmarkFreeze(b *testing.B) {
	for _, size := range []int{10, 500} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			buf := diskBuffer(b)
			keys := learners(20_000)
			updates := make([]progress.Update, len(keys))
			for i, k := range keys {
				updates[i] = heartbeat(k, i)
			}
			b.ReportAllocs()
			frozen, lane := 0, 0
			for b.Loop() {
				batch, ok, err := freeze(buf, lane, time.Now(), size)
				if err != nil {
					b.Fatal(err)
				}
				if ok {
					frozen += len(batch.Records)
					if err := confirm(buf, lane, batch.Number); err != nil {
						b.Fatal(err)
					}
					continue
				}
				if lane = (lane + 1) % buf.Lanes(); lane == 0 {
					b.StopTimer()
					if _, err := buf.Put(context.Background(), updates); err != nil {
						b.Fatal(err)
					}
					buf.MakeDue(Filter{})
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(frozen)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkUnsaved reads one learner among many.
func BenchmarkUnsaved(b *testing.B) {
	buf := diskBuffer(b)
	keys := fill100k(b, buf)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if held := buf.Unsaved(Filter{UserID: keys[i%len(keys)].UserID}); len(held) != 1 {
			b.Fatal(held)
		}
	}
}

func fill100k(b *testing.B, buf *Buffer) []progress.Key {
	b.Helper()
	keys := learners(100_000)
	for start := 0; start < len(keys); start += 100 {
		updates := make([]progress.Update, 100)
		for i := range updates {
			updates[i] = heartbeat(keys[start+i], i)
		}
		if _, err := buf.Put(context.Background(), updates); err != nil {
			b.Fatal(err)
		}
	}
	return keys
}

// BenchmarkOpen starts after a kill with 100,000 pending records until the
// first update is acknowledged, and reports the heap for each of them.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	open := func() *Buffer {
		p := testPolicy()
		p.MaxPendingRecords = 0
		buf, err := Open(Options{Dir: dir, Policy: p})
		if err != nil {
			b.Fatal(err)
		}
		return buf
	}
	buf := open()
	fill100k(b, buf)
	if err := buf.Close(); err != nil {
		b.Fatal(err)
	}
	var heap float64
	for b.Loop() {
		b.StopTimer()
		before := heapInUse()
		b.StartTimer()
		buf := open()
		if _, err := buf.Put(context.Background(), []progress.Update{heartbeat(key(1), 1)}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		heap = heapInUse() - before
		if n := buf.Stats().Pending; n != 100_001 {
			b.Fatalf("%d records are pending", n)
		}
		if err := buf.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(heap/100_000, "heapB/key")
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkPutDuringCheckpoints has 64 callers write to 100,000 pending keys at
// random, while one checkpoint follows another or none is made, and reports how
// long they waited: at the median, the 99.9th percentile, and at most.
func BenchmarkPutDuringCheckpoints(b *testing.B) {
	for name, checkpoints := range map[string]bool{"none": false, "without end": true} {
		b.Run("checkpoints="+name, func(b *testing.B) {
			buf := diskBuffer(b)
			keys := fill100k(b, buf)
			ctx, stop := context.WithCancel(context.Background())
			made := make(chan int)
			go func() {
				n := 0
				for ; checkpoints && ctx.Err() == nil; n++ {
					if err := buf.Checkpoint(ctx); err != nil && ctx.Err() == nil {
						b.Error(err)
						break
					}
				}
				made <- n
			}()
			const callers = 64
			waits := make([][]time.Duration, callers)
			var caller atomic.Int64
			b.SetParallelism(callers / runtime.GOMAXPROCS(0))
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				n := int(caller.Add(1) - 1)
				rng := rand.New(rand.NewPCG(uint64(n), 1))
				for i := 0; pb.Next(); i++ {
					start := time.Now()
					updates := []progress.Update{heartbeat(keys[rng.IntN(len(keys))], i)}
					if _, err := buf.Put(context.Background(), updates); err != nil {
						b.Error(err)
						return
					}
					waits[n%callers] = append(waits[n%callers], time.Since(start))
				}
			})
			b.StopTimer()
			stop()
			b.ReportMetric(float64(<-made), "checkpoints")
			all := slices.Sorted(slices.Values(slices.Concat(waits...)))
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(ms(all[len(all)/2]), "ms-median")
			b.ReportMetric(ms(all[len(all)*999/1000]), "ms-p99.9")
			b.ReportMetric(ms(all[len(all)-1]), "ms-longest")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkEnumerate reads 100,000 pending records for a checkpoint, without
// writing it, and reports how long a portion of them holds its lane's lock.
func BenchmarkEnumerate(b *testing.B) {
	buf := diskBuffer(b)
	fill100k(b, buf)
	portions := 0
	for b.Loop() {
		err := buf.enumerate(buf.clock, func(*spool.Change) error {
			portions++
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(portions), "µs/portion")
}

// BenchmarkPutFrom compares a batch that another process hands on with the same updates
// of a caller.
func BenchmarkPutFrom(b *testing.B) {
	const items = 100
	for _, how := range []string{"Put", "PutFrom"} {
		b.Run(how, func(b *testing.B) {
			buf := diskBuffer(b)
			keys := learners(2000)
			updates, handed := make([]progress.Update, items), make([]Item, items)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range items {
					n := i*items + j
					updates[j] = heartbeat(keys[n%len(keys)], n)
					handed[j].Update = updates[j]
				}
				var err error
				if how == "Put" {
					_, err = buf.Put(context.Background(), updates)
				} else {
					_, err = buf.PutFrom(context.Background(), SenderID{1}, uint64(i), handed)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*items)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkMarkDueWhere asks for the learners who moved away among 100,000 records, of
// whom there are none.
func BenchmarkMarkDueWhere(b *testing.B) {
	buf := diskBuffer(b)
	fill100k(b, buf)
	b.ReportAllocs()
	for b.Loop() {
		if !buf.Saved(buf.MakeDueWhere(func(userID string) bool { return userID == "" }, 0)) {
			b.Fatal("nobody's records wait")
		}
	}
}

// BenchmarkPutEvent acknowledges updates with event ids, of which as many as usual are
// remembered, without waiting for the disk.
func BenchmarkPutEvent(b *testing.B) {
	buf := diskBuffer(b)
	p := testPolicy()
	p.MaxPendingRecords, p.SizeLimitBytes, p.Async, p.EventIDs = 0, 0, true, DefaultEventIDs()
	buf.SetPolicy(p)
	keys := learners(1000)
	put := func(i int) {
		u := heartbeat(keys[i%len(keys)], i)
		u.EventID = "0192f3c4-5d6e-7f80-9a1b-" + strconv.Itoa(1e11+i)
		if _, err := buf.Put(context.Background(), []progress.Update{u}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range p.EventIDs.MaxCount {
		put(i)
	}
	b.ReportAllocs()
	for i := p.EventIDs.MaxCount; b.Loop(); i++ {
		put(i)
	}
}

// BenchmarkHandOver takes as many ids from another sidecar as are remembered, in pages
// as they go over the hop, and lists them.
func BenchmarkHandOver(b *testing.B) {
	p := testPolicy()
	p.EventIDs = DefaultEventIDs()
	to := diskBuffer(b)
	to.SetPolicy(p)
	ids := make([]spool.EventID, p.EventIDs.MaxCount*7/8)
	for n := 0; b.Loop(); n++ {
		for i := range ids {
			binary.BigEndian.PutUint64(ids[i][:], uint64(i))
			binary.BigEndian.PutUint64(ids[i][8:], uint64(n))
		}
		for page := range slices.Chunk(ids, 4000) {
			if err := to.RememberEventIDs(context.Background(), page); err != nil {
				b.Fatal(err)
			}
		}
		if n := len(to.EventIDsWhere(func(uint64) bool { return true })); n < len(ids) {
			b.Fatal(n)
		}
	}
}

// BenchmarkPutSegments acknowledges heartbeats without waiting for the disk, by turns:
// without segments, with what was seen since the one before, and, which is the hard case, with
// a stretch elsewhere in a lesson of which each second one is seen.
func BenchmarkPutSegments(b *testing.B) {
	for turn := range 3 {
		for _, what := range []string{"none", "next", "scattered"} {
			b.Run(fmt.Sprintf("turn=%d/%s", turn, what), func(b *testing.B) {
				buf := diskBuffer(b)
				p := testPolicy()
				p.MaxPendingRecords, p.SizeLimitBytes, p.Async = 0, 0, true
				buf.SetPolicy(p)
				keys := learners(1000)
				updates := make([]progress.Update, 1)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					updates[0] = heartbeat(keys[i%len(keys)], i)
					from := float64(i / len(keys) * 5 % 895)
					switch what {
					case "next":
						updates[0].WatchedSegments = progress.SegmentsOf([][2]float64{{from, from + 5}}, 900)
					case "scattered":
						from = float64(i / len(keys) * 367 % 895)
						updates[0].WatchedSegments = progress.SegmentsOf([][2]float64{{from, from + 1}, {from + 2, from + 3}, {from + 4, from + 5}}, 900)
					}
					if _, err := buf.Put(context.Background(), updates); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
