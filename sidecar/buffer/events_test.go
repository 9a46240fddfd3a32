package buffer

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/test/kit"
)

func withEvents(count int, age time.Duration) func(*Options) {
	return func(o *Options) { o.Policy.EventIDs = EventIDs{MaxCount: count, MaxAge: age} }
}

func event(k progress.Key, id string) progress.Update {
	u := updateOf(k)
	u.EventID = id
	return u
}

// seeks is what the buffer holds of all keys.
func (b *rig) seeks() (n int64) {
	for _, h := range b.Unsaved(Filter{}) {
		n += h.Record.SeekEvents
	}
	return n
}

func duplicates(results []Result) (n int) {
	for _, r := range results {
		if r.Duplicate {
			n++
		}
	}
	return n
}

func TestARepeatedEventIsAcknowledgedAndNotMerged(t *testing.T) {
	for name, tt := range map[string]struct {
		between    func(*rig)
		again      progress.Update
		duplicates int
		held       int64
	}{
		"at once":         {func(*rig) {}, event(key(1), "a"), 1, 1},
		"after a restart": {func(b *rig) { b.restart() }, event(key(1), "a"), 1, 1},
		"after a crash":   {func(b *rig) { b.crash() }, event(key(1), "a"), 1, 1},
		"when it is frozen": {func(b *rig) {
			b.MakeDue(Filter{})
			b.freezeAll(10)
		}, event(key(1), "a"), 1, 1},
		"when it is saved": {func(b *rig) {
			b.MakeDue(Filter{})
			b.confirm(b.freezeAll(10)...)
		}, event(key(1), "a"), 1, 0},
		"while new keys are refused": {func(b *rig) {
			p := testPolicy()
			p.MaxPendingRecords, p.EventIDs = 1, DefaultEventIDs()
			b.SetPolicy(p)
		}, event(key(1), "a"), 1, 1},
		"but another event of the key is new":        {func(*rig) {}, event(key(1), "b"), 0, 2},
		"but the same id of another key is new":      {func(*rig) {}, event(key(2), "a"), 0, 2},
		"but an update without an id is always new":  {func(*rig) {}, updateOf(key(1)), 0, 2},
		"but after its age it is new":                {func(b *rig) { b.clock.Advance(90 * time.Minute) }, event(key(1), "a"), 0, 2},
		"but after its age and a restart it is new":  {func(b *rig) { b.clock.Advance(90 * time.Minute); b.restart() }, event(key(1), "a"), 0, 2},
		"but when the policy forgets ids, it is new": {func(b *rig) { b.SetPolicy(testPolicy()) }, event(key(1), "a"), 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, withEvents(1000, time.Hour))
			b.put(event(key(1), "a"))
			tt.between(b)
			results := b.put(tt.again)
			if got := duplicates(results); got != tt.duplicates || b.seeks() != tt.held {
				t.Errorf("%d duplicates and %d seeks, want %d and %d", got, b.seeks(), tt.duplicates, tt.held)
			}
			r := results[0].Record
			if r.Key != tt.again.Key || tt.duplicates > 0 && r.SeekEvents != tt.held {
				t.Errorf("answered %+v", r)
			}
		})
	}
}

func TestARepeatedEventWithinOneCallIsMergedOnce(t *testing.T) {
	b := newRig(t, withEvents(1000, time.Hour))
	results := b.put(event(key(1), "a"), event(key(2), "a"), event(key(1), "a"), event(key(1), "b"), event(key(2), "a"))
	if duplicates(results) != 2 || !results[2].Duplicate || b.seeks() != 3 {
		t.Errorf("%d duplicates, %d seeks", duplicates(results), b.seeks())
	}
	b.crash()
	again := b.put(event(key(1), "b"), event(key(2), "a"), event(key(1), "a"))
	if duplicates(again) != 3 || b.seeks() != 3 {
		t.Errorf("after a crash %d duplicates, %d seeks", duplicates(again), b.seeks())
	}
}

func TestARefusedUpdateLeavesItsEventToBeSentAgain(t *testing.T) {
	b := newRig(t, withEvents(1000, time.Hour), func(o *Options) { o.Policy.MaxPendingRecords = 1 })
	b.put(event(key(1), "a"))
	results, err := b.Put(context.Background(), []progress.Update{event(key(2), "a")})
	if err != nil || !errors.Is(results[0].Err, ErrFull) {
		t.Fatalf("%+v, %v", results, err)
	}
	b.MakeDue(Filter{})
	b.confirm(b.freezeAll(10)...)
	if got := b.put(event(key(2), "a")); got[0].Duplicate || b.seeks() != 1 {
		t.Errorf("%+v", got)
	}
}

// stall stops the syncs of the log until it is released.
type stall struct {
	reached chan struct{}
	release chan struct{}
	armed   chan struct{} // closed when syncs are to stop
}

func (s *stall) before(op disktest.Op) error {
	select {
	case <-s.armed:
		if op.Kind == disktest.Sync {
			select {
			case s.reached <- struct{}{}:
			default:
			}
			<-s.release
		}
	default:
	}
	return nil
}

func TestARepeatedEventIsNotAcknowledgedBeforeTheFirstIsOnDisk(t *testing.T) {
	h := &stall{reached: make(chan struct{}, 1), release: make(chan struct{}), armed: make(chan struct{})}
	b := newRig(t, withEvents(1000, time.Hour))
	b.fs.Before(h.before)
	close(h.armed)
	answered := make(chan bool, 2)
	put := func() {
		results, err := b.Put(context.Background(), []progress.Update{event(key(1), "a")})
		answered <- err == nil && results[0].Duplicate
	}
	go put()
	<-h.reached
	go put()
	kit.Eventually(t, "the second waits for the disk", func() error {
		buf := make([]byte, 1<<20)
		waiting := strings.Count(string(buf[:runtime.Stack(buf, true)]), "spool.(*Spool).Wait(")
		return kit.Unless(waiting == 2, waiting)
	})
	if len(answered) > 0 {
		t.Error("acknowledged before the disk had it")
	}
	close(h.release)
	if first, second := <-answered, <-answered; first == second {
		t.Errorf("one is new and one repeats it, got %v and %v", first, second)
	}
}

func TestTheWindowOfEventIDsIsBoundedByCount(t *testing.T) {
	const most = 160
	b := newRig(t, withEvents(most, 0))
	for i := range 1000 {
		b.put(event(key(i%7), fmt.Sprint(i)))
		remembered := 0
		for _, l := range b.lanes {
			remembered += l.events.count
		}
		if remembered > most {
			t.Fatalf("%d ids are remembered", remembered)
		}
	}
	b.crash()
	onDisk := 0
	for _, l := range b.lanes {
		onDisk += l.events.count // read from the disk
	}
	if onDisk > most || onDisk < most/2 {
		t.Errorf("%d are on disk", onDisk)
	}
	for i := 999; i > 999-most/4; i-- {
		if got := b.put(event(key(i%7), fmt.Sprint(i))); !got[0].Duplicate {
			t.Errorf("id %d is forgotten", i)
		}
	}
	if got := b.put(event(key(0), "0")); got[0].Duplicate {
		t.Error("the oldest id is remembered")
	}
}

func TestAnEventIDTakesLittleMemory(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	p := DefaultEventIDs()
	var windows [8]eventWindow // enough to make other memory small beside them
	count := int64(0)
	for i := range windows {
		w := &windows[i]
		for j := range p.MaxCount * 5 / 4 {
			w.add(spool.EventID(fmt.Appendf(nil, "%016d", j*7919)), spool.EventMerged, 1, p, 1)
		}
		if w.count < p.MaxCount*7/8 || w.count > p.MaxCount {
			t.Fatalf("%d ids", w.count)
		}
		count += int64(w.count)
	}
	if per := (heap() - before) / count; per < 16 || per > 40 {
		t.Errorf("%d bytes an id", per)
	}
	runtime.KeepAlive(&windows)
}
