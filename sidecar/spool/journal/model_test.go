package journal

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// shared is a state that several writers change, each its own key, as the buffer's
// lanes do: in memory and in the log under one lock.
type shared struct {
	j      *Journal
	mu     sync.Mutex
	state  table
	acked  [8]uint64
	issued [8]uint64
}

// count raises a writer's two keys.
func (s *shared) count(writer uint64, wait bool) error {
	s.mu.Lock()
	s.issued[writer]++
	n := s.issued[writer]
	change := table{2*writer + 1: n, 2*writer + 2: n}
	maps.Copy(s.state, change)
	ticket, err := s.j.Append(put(change))
	s.mu.Unlock()
	if err != nil || !wait {
		return err
	}
	if err := s.j.Wait(ticket); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked[writer] = max(s.acked[writer], n)
	return nil
}

func (s *shared) checkpoint(ctx context.Context) error {
	return s.j.Checkpoint(ctx, func(add func([]byte) error) error {
		for key := range uint64(2*len(s.acked) + 1) {
			s.mu.Lock()
			value := s.state[key]
			s.mu.Unlock()
			if err := add(put(table{key: value})); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *shared) told() (acked [8]uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked
}

// TestWritersCheckpointsAndCrashesTogether compares, at any moment of any
// interleaving, what a loss of power leaves with what the writers were told.
func TestWritersCheckpointsAndCrashesTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := disktest.New()
		s := &shared{state: table{}}
		var err error
		o := Options{Dir: dir, FS: d, SegmentBytes: int64(rapid.IntRange(256, 2048).Draw(t, "segment"))}
		if s.j, err = Open(o, s.state.apply); err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		problems := make(chan error, 100)
		writers := rapid.IntRange(1, len(s.acked)).Draw(t, "writers")
		for i := range uint64(writers) {
			steps := rapid.SliceOfN(rapid.Bool(), 1, 40).Draw(t, "steps")
			running.Go(func() {
				for _, wait := range steps {
					if err := s.count(i, wait); err != nil {
						problems <- err
					}
				}
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "checkpoints") {
			running.Go(func() {
				if err := s.checkpoint(context.Background()); err != nil {
					problems <- err
				}
			})
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		type copied struct {
			disk  *disktest.Disk
			acked [8]uint64
		}
		var copies []copied
		for range rapid.IntRange(1, 5).Draw(t, "crashes") {
			acked := s.told()
			copies = append(copies, copied{d.Crashed(rng.IntN(101), rng), acked})
		}
		running.Wait()
		if err := s.j.Close(); err != nil {
			t.Fatal(err)
		}
		close(problems)
		for err := range problems {
			t.Fatal(err)
		}
		copies = append(copies, copied{d.Crashed(0, nil), s.issued})
		for _, c := range copies {
			got := table{}
			o.FS = c.disk
			if _, err := Open(o, got.apply); err != nil {
				t.Fatal(err)
			}
			for w, acked := range c.acked {
				first, second := got[uint64(2*w+1)], got[uint64(2*w+2)]
				if first != second || first < acked || first > s.issued[w] {
					t.Fatalf("writer %d: %d and %d are there, %d were acknowledged of %d", w, first, second, acked, s.issued[w])
				}
			}
		}
	})
}

func TestACheckpointEndsWithItsContext(t *testing.T) {
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	if err := w.append(true); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	err := w.j.Checkpoint(ctx, func(add func([]byte) error) error {
		stop()
		return add(put(w.state))
	})
	if !errors.Is(err, context.Canceled) || w.j.Fault() != nil {
		t.Errorf("error %v, fault %v", err, w.j.Fault())
	}
	mustHold(t, d.Killed(), 1, 1)
}

func TestTheDiskIsUsedForThreeTimesTheStateAtMost(t *testing.T) {
	d := disktest.New()
	state := table{}
	j, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, state.apply)
	if err != nil {
		t.Fatal(err)
	}
	most := int64(0)
	measure := func() {
		stateBytes := int64(16 * len(state))
		// One segment is being written, one is ready, one may be begun by a checkpoint.
		if used := j.Size(); used > 3*stateBytes+4*smallSegment {
			t.Fatalf("%d bytes for a state of %d", used, stateBytes)
		} else {
			most = max(most, used)
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range uint64(20_000) {
		key := 1 + uint64(rng.IntN(int(1+n/10)))
		state[key] = n + 1
		if _, err := j.Append(put(table{key: n + 1})); err != nil {
			t.Fatal(err)
		}
		if n%16 == 0 {
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
			measure()
		}
		if !j.CheckpointDue() {
			continue
		}
		err := j.Checkpoint(t.Context(), func(add func([]byte) error) error {
			for key, value := range state {
				if err := add(put(table{key: value})); err != nil {
					return err
				}
				measure()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		measure()
	}
	if most < 10*smallSegment {
		t.Errorf("only %d bytes were used", most)
	}
}
