package buffer

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

func TestAtTheCapNewKeysAreRefusedAndPendingOnesAreStillUpdated(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Policy.MaxPendingRecords = 3 })
	b.put(at(1, 1), at(2, 1), at(3, 1))
	results, err := b.Put(context.Background(), []progress.Update{at(4, 1), at(2, 5), at(5, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if !errors.Is(results[0].Err, ErrFull) || results[1].Err != nil || !errors.Is(results[2].Err, ErrFull) {
		t.Errorf("results %v, %v, %v", results[0].Err, results[1].Err, results[2].Err)
	}
	if results[1].Record.Position != 5 {
		t.Errorf("the pending key's record is %+v", results[1].Record)
	}
	b.restart()
	if s := b.Stats(); s.Pending != 3 || s.PendingUpdates != 4 {
		t.Errorf("after a restart: %+v", s)
	}
	b.MakeDue(Filter{})
	b.freezeAll(10)
	b.put(at(4, 1))
}

func TestASumOutOfRangeIsRefusedAndTheRecordStays(t *testing.T) {
	seeks := func(n int64) progress.Update { return progress.Update{Key: key(1), SeekEvents: n} }
	seconds := func(s float64) progress.Update {
		return progress.Update{Key: key(1), WatchedDelta: progress.Some(s)}
	}
	tests := map[string]struct{ first, second progress.Update }{
		"a count that overflows":          {seeks(math.MaxInt64 - 1), seeks(2)},
		"a time that overflows":           {seconds(9e12), seconds(9e12)},
		"a time beyond 64 bits of itself": {seeks(1), seconds(1e300)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			before := b.put(tt.first)[0].Record
			results, err := b.Put(context.Background(), []progress.Update{tt.second, at(2, 1)})
			if err != nil || !errors.Is(results[0].Err, ErrRange) || results[1].Err != nil {
				t.Fatalf("results %+v, %v", results, err)
			}
			b.restart()
			held := b.Unsaved(Filter{UserID: key(1).UserID})
			if len(held) != 1 || held[0].Record != before {
				t.Errorf("held %+v, want %+v", held, before)
			}
		})
	}
	t.Run("a refused new key takes no room", func(t *testing.T) {
		b := newRig(t)
		results, err := b.Put(context.Background(), []progress.Update{seconds(1e300)})
		if err != nil || !errors.Is(results[0].Err, ErrRange) {
			t.Fatalf("%+v, %v", results, err)
		}
		if b.capacity.pending.Load() != 0 || b.Stats().Pending != 0 {
			t.Error("it is counted")
		}
	})
	t.Run("what is frozen and what is pending is added up to the greatest number for a reader", func(t *testing.T) {
		b := newRig(t)
		b.put(seeks(math.MaxInt64 - 1))
		b.MakeDue(Filter{})
		b.freezeAll(1)
		if got := b.put(seeks(5))[0].Record.SeekEvents; got != math.MaxInt64 {
			t.Errorf("got %d", got)
		}
	})
}

func TestOneCallMayHoldAKeySeveralTimes(t *testing.T) {
	b := newRig(t)
	results := b.put(at(1, 10), at(2, 1), at(1, 30), at(1, 20))
	if got := results[0].Record.UpdateCount; got != 1 {
		t.Errorf("first result counts %d updates", got)
	}
	last := results[3].Record
	if last.UpdateCount != 3 || last.Position != 20 || last.MaxPosition != 30 || last.SeekEvents != 3 {
		t.Errorf("last result %+v", last)
	}
	b.crash()
	if held := b.Unsaved(Filter{UserID: key(1).UserID}); len(held) != 1 || held[0].Record != last {
		t.Errorf("after a crash %+v", held)
	}
}

func TestALargeCallIsOnDiskAsAWhole(t *testing.T) {
	b := newRig(t)
	module := strings.Repeat("m", 100<<10)
	var updates []progress.Update
	for i := range 40 {
		u := at(i, float64(i))
		u.ModuleID = module
		updates = append(updates, u)
	}
	b.put(updates...)
	if size := b.spool.Size(); size > 16<<20 {
		t.Errorf("the spool takes %d bytes", size)
	}
	held := b.Unsaved(Filter{})
	b.crash()
	if diff := cmp.Diff(held, b.Unsaved(Filter{})); diff != "" || len(held) != len(updates) {
		t.Errorf("%d of %d are held: %s", len(held), len(updates), diff)
	}
}

func TestArrivalsAlwaysIncrease(t *testing.T) {
	b := newRig(t)
	last := progress.Instant(0)
	later := func(what string, u progress.Update) {
		t.Helper()
		r := b.put(u)[0].Record
		if r.ReceivedAt <= last {
			t.Errorf("%s: received at %d, before that %d", what, r.ReceivedAt, last)
		}
		last = r.ReceivedAt
	}
	later("first", at(1, 1))
	later("at the same time", at(2, 1))
	b.clock.Advance(-time.Hour)
	later("after the clock was set back", at(1, 1))
	b.restart()
	later("after a restart", at(3, 1))
	b.MakeDue(Filter{})
	b.confirm(b.freezeAll(10)...)
	b.SetPolicy(Policy{Terms: inMinutes(1)})
	if err := b.Prune(b.clock.Now()); err != nil {
		t.Fatal(err)
	}
	b.restart()
	later("after a restart with an empty spool", at(1, 1))
}

func TestAnUpdateAfterAResetBelongsToItsGeneration(t *testing.T) {
	tests := map[string]func(*rig){
		"while the reset is pending":  func(*rig) {},
		"while the reset is frozen":   func(b *rig) { b.MakeDue(Filter{}); b.freezeAll(10) },
		"after a crash in between":    func(b *rig) { b.crash() },
		"frozen, and after a restart": func(b *rig) { b.MakeDue(Filter{}); b.freezeAll(10); b.restart() },
	}
	for name, between := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t)
			b.put(at(1, 50))
			results, err := b.Reset(context.Background(), []progress.Key{key(1)})
			if err != nil || results[0].Err != nil {
				t.Fatal(err, results)
			}
			reset := results[0].Record
			if reset.Generation == 0 || reset.MaxPosition != 0 || reset.UpdateCount != 0 {
				t.Fatalf("reset record %+v", reset)
			}
			between(b)
			got := b.put(at(1, 5))[0].Record
			if got.Generation != reset.Generation || got.MaxPosition != 5 || got.UpdateCount != 1 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheBufferSharesNoMemoryWithItsCaller(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Dir, o.FS = t.TempDir(), disk.OS{} })
	userID, module := []byte("user-1"), []byte("module-1")
	u := at(1, 1)
	u.UserID, u.ModuleID = string(userID), string(module)
	b.put(u)
	e := b.lanes[laneOf([]byte(spool.KeyOf(u.Key)), b.Lanes())].pending.order.age.head
	k, _ := e.key.Split()
	if &[]byte(e.record.UserID)[0] == &userID[0] || k != u.Key || e.record.Key != k {
		t.Errorf("entry %+v", e.record.Key)
	}
	allocs := testing.AllocsPerRun(100, func() { b.put(u) })
	if allocs > 8 {
		t.Errorf("%v allocations to update a pending key", allocs)
	}
}

func TestACallThatWasCancelledBeforehandChangesNothing(t *testing.T) {
	b := newRig(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Put(ctx, []progress.Update{at(1, 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if s := b.Stats(); s.Pending != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAfterCloseEveryCallSaysSo(t *testing.T) {
	b := newRig(t)
	b.put(at(1, 1))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, putErr := b.Put(context.Background(), []progress.Update{at(1, 1)})
	_, resetErr := b.Reset(context.Background(), []progress.Key{key(1)})
	_, _, freezeErr := b.Freeze(0, b.clock.Now(), 1)
	for what, err := range map[string]error{
		"Put": putErr, "Reset": resetErr, "Freeze": freezeErr,
		"Confirm": b.Confirm(0, 1), "Split": b.Split(0, 1), "Prune": b.Prune(b.clock.Now()),
		"Quarantine": b.Quarantine(0, 1, DeadLetterReason{}),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
