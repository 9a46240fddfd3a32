package spool

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// heartbeat is a pending record of usual size.
func heartbeat(n int) (Key, *Pending) {
	p := &Pending{Opened: 1_760_000_000_000_000, Record: progress.Record{
		Key: progress.Key{
			UserID:   fmt.Sprintf("6f1c1f5e-0d1c-4b7e-9d3a-%012d", n),
			CourseID: "0b9a8d5e-3c2f-4d1e-8f7a-6b5c4d3e2f1a", LessonID: "lesson-17",
		},
		ModuleID: "module-3", Position: 123.5, MaxPosition: 150, Duration: 600, Percentage: 25, Watched: 140,
		TimeSpent: 142_000_000, SeekEvents: 3, PauseEvents: 2, PlaybackSpeed: 1.25, UpdateCount: 28,
		ReceivedAt: 1_760_000_100_000_000, FirstWatchedAt: 1_760_000_000_000_000, LastWatchedAt: 1_760_000_100_000_000,
	}}
	return KeyOf(p.Record.Key), p
}

// waiting are pending records.
type waiting struct {
	keys    []Key
	records []*Pending
}

func heartbeats(n int) (w waiting) {
	for i := range n {
		key, p := heartbeat(i)
		w.keys, w.records = append(w.keys, key), append(w.records, p)
	}
	return w
}

// addTo adds the records in small portions.
func (w waiting) addTo(s *Spool, add func(*Change) error) error {
	const portion = 100
	for n := 0; n < len(w.keys); n += portion {
		c := s.Begin()
		for i := n; i < min(n+portion, len(w.keys)); i++ {
			c.PutPending(w.keys[i], w.records[i])
		}
		if err := add(c); err != nil {
			return err
		}
	}
	return nil
}

func benchSpool(b *testing.B) *Spool {
	b.Helper()
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := s.Load(newEntries().visitor()); err != nil {
		b.Fatal(err)
	}
	c := s.Begin()
	c.PutFormat(Format{Lanes: 2, Writer: uuid.New()})
	if err := s.AppendLazily(c); err != nil {
		b.Fatal(err)
	}
	return s
}

// putOne writes a record and returns when the disk has it.
func (s *Spool) putOne(key Key, p *Pending) error {
	c := s.Begin()
	c.PutPending(key, p)
	if err := s.Append(c); err != nil {
		return err
	}
	return s.Wait(c)
}

// BenchmarkPut writes one record a call, each of which is on the disk when the
// call returns, from so many writers at once.
func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 64, 256} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			s := benchSpool(b)
			all := heartbeats(writers)
			defer checkpointing(b, s, all)()
			var next atomic.Int64
			var running sync.WaitGroup
			b.ResetTimer()
			for w := range writers {
				running.Go(func() {
					for next.Add(1) <= int64(b.N) {
						if err := s.putOne(all.keys[w], all.records[w]); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			running.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// checkpointing makes a checkpoint whenever one is due, until it is stopped.
func checkpointing(b *testing.B, s *Spool, all waiting) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
			if !s.CheckpointDue() {
				continue
			}
			if err := s.Checkpoint(b.Context(), func(add func(*Change) error) error { return all.addTo(s, add) }); err != nil {
				b.Error(err)
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

// BenchmarkCheckpoint makes checkpoints of 100,000 records while 64 writers change
// them, and reports how long the writer waited who waited longest: during a
// checkpoint, and for as long without.
func BenchmarkCheckpoint(b *testing.B) {
	const keys, writers = 100_000, 64
	s := benchSpool(b)
	all := heartbeats(keys)
	if err := all.addTo(s, s.AppendLazily); err != nil {
		b.Fatal(err)
	}
	if err := s.Sync(); err != nil {
		b.Fatal(err)
	}
	var with, without waits
	var into atomic.Pointer[waits]
	into.Store(&without)
	done := make(chan struct{})
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for n := w; ; n = (n + writers*7919) % keys {
				select {
				case <-done:
					return
				default:
				}
				waits, at := into.Load(), time.Now()
				if err := s.putOne(all.keys[n], all.records[n]); err != nil {
					b.Error(err)
					return
				}
				waits.add(time.Since(at))
			}
		})
	}
	for b.Loop() {
		into.Store(&with)
		at := time.Now()
		if err := s.Checkpoint(b.Context(), func(add func(*Change) error) error { return all.addTo(s, add) }); err != nil {
			b.Fatal(err)
		}
		into.Store(&without)
		b.StopTimer()
		<-time.After(time.Since(at))
		b.StartTimer()
	}
	close(done)
	running.Wait()
	with.report(b, "with")
	without.report(b, "without")
	b.ReportMetric(float64(s.Size())/1e6, "MB")
}

// waits are how long writers waited.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, d)
}

func (w *waits) report(b *testing.B, name string) {
	slices.Sort(w.all)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(w.all[len(w.all)-1]), "ms-longest-"+name)
	b.ReportMetric(ms(w.all[len(w.all)*99/100]), "ms-p99-"+name)
}

// BenchmarkRecord encodes a pending record, without segments and with those of the same half
// of a lesson, in one part and in many, and reports how many bytes it takes on the disk.
func BenchmarkRecord(b *testing.B) {
	parts := make([][2]float64, 0, 50)
	for i := range 50 {
		parts = append(parts, [2]float64{float64(i) * 12, float64(i)*12 + 6})
	}
	for _, bb := range []struct {
		name     string
		segments [][2]float64
	}{{"none", nil}, {"half", [][2]float64{{0, 300}}}, {"parts", parts}} {
		b.Run(bb.name, func(b *testing.B) {
			_, p := heartbeat(1)
			p.Record.Segments = progress.SegmentsOf(bb.segments, 600)
			var encoded []byte
			b.ReportAllocs()
			for b.Loop() {
				encoded = appendRecord(encoded[:0], &p.Record)
			}
			b.ReportMetric(float64(len(encoded)), "B")
		})
	}
}
