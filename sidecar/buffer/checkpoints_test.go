package buffer

import (
	"context"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/timing"
	"github.com/progress-sync/progress-sync/test/kit"
)

// past is what a buffer holds beside pending records.
type past struct {
	Frozen, Replayable [][]progress.Batch
	Letters            []DeadLetter
	Pending, Done      []Erasure
}

func pastOf(t *testing.T, b *Buffer) (p past) {
	t.Helper()
	for lane := range b.Lanes() {
		p.Frozen = append(p.Frozen, b.Frozen(lane))
		again, complete := b.Replayable(lane, 0)
		if !complete {
			t.Errorf("batches of lane %d are missing", lane)
		}
		p.Replayable = append(p.Replayable, again)
	}
	var err error
	if p.Letters, _, err = b.ListDeadLetters(0, 1000); err != nil {
		t.Error(err)
	}
	p.Pending, p.Done = b.PendingErasures(), b.DoneErasures()
	return p
}

// withPast has something of everything.
func (b *rig) withPast() {
	b.t.Helper()
	b.everywhere("learner")
	gone := b.erase("gone")
	b.erase("waits")
	if err := b.ErasureDone(gone.Erasure); err != nil {
		b.t.Fatal(err)
	}
	b.put(event(key(90), "once"))
}

func TestACheckpointHoldsAllThatTheBufferHolds(t *testing.T) {
	b := newRig(t, withEvents(1000, 0))
	b.withPast()
	want, held, stats := pastOf(t, b.Buffer), b.Unsaved(Filter{}), b.Stats()
	if err := b.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.crash()
	if diff := cmp.Diff(want, pastOf(t, b.Buffer), cmpopts.IgnoreFields(progress.Batch{}, "Opened")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(held, b.Unsaved(Filter{})); diff != "" {
		t.Error(diff)
	}
	got := b.Stats()
	got.SpoolBytes = stats.SpoolBytes
	if diff := cmp.Diff(stats, got); diff != "" {
		t.Error(diff)
	}
	if !b.put(event(key(90), "once"))[0].Duplicate {
		t.Error("an event is forgotten")
	}
	if got := b.put(at(91, 1))[0].Record.ReceivedAt; got <= held[0].Record.ReceivedAt {
		t.Error("arrivals don't go on")
	}
}

// step is a disk as a killed process leaves it, and what must and may be on it.
type step struct {
	disk               *disktest.Disk
	before             disktest.Op
	acknowledged, sent [16]int64
}

func TestAKillAtAnyStepOfACheckpointLosesNothing(t *testing.T) {
	b := newRig(t, withEvents(1_000_000, 0), func(o *Options) {
		o.Policy.retime(func(t *timing.Terms) { t.Interval = time.Hour })
		o.Policy.MaxPendingRecords = 0 // there are many strays
	})
	b.withPast()
	want := pastOf(t, b.Buffer)
	var a account
	var writers sync.WaitGroup
	stop := make(chan struct{})
	for i := range 4 {
		writers.Go(func() {
			if err := a.write(b.Buffer, uint64(i), stop); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	var mu sync.Mutex
	var steps []step
	b.fs.Before(func(op disktest.Op) error {
		name := path.Base(op.Name)
		if !op.Kind.Changes() || strings.HasPrefix(name, "log-") && op.Kind != disktest.Remove && op.Kind != disktest.Create {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		s := step{before: op, acknowledged: counts(&a.acknowledged)}
		s.disk = b.fs.Killed()
		s.sent = counts(&a.sent)
		steps = append(steps, s)
		return nil
	})
	for range 8 {
		target := a.acknowledged[0].Load() + 5
		a.awaitAcknowledged(t, target)
		if err := b.Checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	b.fs.Before(nil)
	close(stop)
	writers.Wait()
	kinds := map[disktest.Kind]int{}
	for _, s := range steps {
		kinds[s.before.Kind]++
		o := b.opts
		o.FS = s.disk
		after, err := Open(o)
		if err != nil {
			t.Fatalf("killed before %s %s: %v", s.before.Kind, s.before.Name, err)
		}
		compare(t, after, s.acknowledged, s.sent)
		if diff := cmp.Diff(want, pastOf(t, after), cmpopts.IgnoreFields(progress.Batch{}, "Opened")); diff != "" {
			t.Error(diff)
		}
		if err := after.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Fatalf("killed before %s %s", s.before.Kind, s.before.Name)
		}
	}
	for _, kind := range []disktest.Kind{disktest.Create, disktest.Write, disktest.Sync, disktest.Rename, disktest.SyncDir, disktest.Remove} {
		if kinds[kind] < 8 {
			t.Errorf("killed %d times before a %s", kinds[kind], kind)
		}
	}
}

func TestWhatAnErasureLeftInTheFilesGoesByItself(t *testing.T) {
	b := newRig(t)
	user := progress.Key{UserID: erasedUser, CourseID: "c", LessonID: "l"}
	b.put(updateOf(user))
	holds := func(text string) bool {
		for _, content := range b.fs.Contents() {
			if strings.Contains(string(content), text) {
				return true
			}
		}
		return false
	}
	record := string(spool.KeyOf(user))
	if !holds(record) {
		t.Fatal("the record is nowhere to be found before")
	}
	e := b.erase(erasedUser)
	kit.Eventually(t, "no file holds the record", func() error { return kit.Unless(!holds(record), "one does") })
	if !holds(erasedUser) {
		t.Error("the id, which the database is asked with, is lost")
	}
	if err := b.ErasureDone(e.Erasure); err != nil {
		t.Fatal(err)
	}
	if err := b.ForgetErasure(e.Erasure); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "no file holds the learner", func() error { return kit.Unless(!holds(erasedUser), "one does") })
}

func TestWhenACheckpointIsWorthIt(t *testing.T) {
	for name, tt := range map[string]struct {
		due, refusing, rested, failed bool
		want                          bool
	}{
		"when it is due":                                {due: true, want: true},
		"not when nothing asks for it":                  {rested: true},
		"for want of space, now and then":               {refusing: true, rested: true, want: true},
		"not for want of space all the time":            {refusing: true},
		"not at once after one failed":                  {due: true, failed: true},
		"some time after one failed, though not so due": {failed: true, rested: true, want: true},
	} {
		if got := worthCheckpoint(tt.due, tt.refusing, tt.rested, tt.failed); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// stateBytes is what a checkpoint of the buffer takes.
func stateBytes(t *testing.T, b *Buffer) (n int64) {
	t.Helper()
	if err := b.enumerate(b.clock, func(c *spool.Change) error { n += int64(c.Len()); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheDiskTakesAtMostThreeTimesWhatIsHeld(t *testing.T) {
	const (
		segment = 4 << 20
		rounds  = 40
		burst   = 64 // updates
	)
	b := newRig(t, func(o *Options) { o.Policy.MaxPendingRecords = 0 })
	var peak atomic.Int64
	b.fs.Before(func(disktest.Op) error {
		peak.Store(max(peak.Load(), b.spool.Size()))
		return nil
	})
	rng := rand.New(rand.NewPCG(1, 1))
	held := int64(0)
	for round := range rounds {
		for range 8 {
			updates := make([]progress.Update, burst)
			for i := range updates {
				updates[i] = at(rng.IntN(4000), 1)
				updates[i].ModuleID = strings.Repeat("m", 1+rng.IntN(8<<10))
			}
			b.put(updates...)
		}
		if rng.IntN(3) == 0 {
			b.MakeDue(Filter{})
			b.confirm(b.freezeAll(100)...)
		}
		if rng.IntN(5) == 0 {
			if err := b.Prune(b.clock.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		held = max(held, stateBytes(t, b.Buffer))
		b.space.checkSoon()
		kit.Eventually(t, "no checkpoint is due", func() error { return kit.Unless(!b.spool.CheckpointDue(), b.spool.Size()) })
		// What a log has in its last file, and the file prepared behind it, are not
		// of the state.
		if most := 3*max(held, segment) + 3*segment; peak.Load() > most {
			t.Fatalf("round %d: %d bytes on disk, %d are held", round, peak.Load(), held)
		}
	}
	if held < 2*segment {
		t.Errorf("only %d bytes were held", held)
	}
	b.MakeDue(Filter{})
	b.confirm(b.freezeAll(100)...)
	if err := b.Prune(b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.space.checkSoon()
	kit.Eventually(t, "the disk is given back", func() error { return kit.Unless(b.spool.Size() <= 4*segment, b.spool.Size()) })
}
