package buffer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestWithoutSpaceUpdatesAreRefusedAndSavingGoesOn(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	b := newRig(t, func(o *Options) {
		o.FreeBytes = func(string) (uint64, error) { return free.Load(), nil }
	})
	b.put(at(1, 1), at(2, 1))
	free.Store(1 << 20)
	b.measure()
	if _, err := b.Put(context.Background(), []progress.Update{at(1, 2)}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("Put on a full disk: %v", err)
	}
	if s := b.Stats(); !s.Refusing {
		t.Errorf("stats %+v", s)
	}
	b.MarkDue(Filter{})
	b.confirm(b.freezeAll(10)...)
	if s := b.Stats(); s.Pending != 0 || s.InFlight != 0 {
		t.Errorf("not everything was saved: %+v", s)
	}
	free.Store(1 << 40)
	eventually(t, "updates are accepted again", func() bool {
		_, err := b.Put(context.Background(), []progress.Update{at(1, 2)})
		return err == nil
	})
}

func TestASpoolNearItsLimitIsEmptiedAndUsedAgain(t *testing.T) {
	b := newRig(t, func(o *Options) {
		o.Policy.SizeLimitBytes = 64 << 20
		o.Policy.MaxPendingRecords = 0
	})
	module := make([]byte, 32<<10)
	if _, err := rand.NewChaCha8([32]byte{}).Read(module); err != nil {
		t.Fatal(err)
	}
	next := 0
	grow := func() error {
		next++
		u := progress.Update{Key: key(next), ModuleID: string(module) + key(next).UserID}
		_, err := b.Put(context.Background(), []progress.Update{u})
		if next%32 == 0 {
			b.measure()
		}
		return err
	}
	var err error
	for err == nil && next < 10_000 {
		err = grow()
	}
	if !errors.Is(err, ErrNoSpace) {
		t.Fatalf("after %d updates: %v", next, err)
	}
	if s := b.Stats(); s.SpoolBytes < s.LimitBytes*9/10 || s.SpoolBytes > s.LimitBytes*3/2 {
		t.Errorf("refused at %d of %d bytes", s.SpoolBytes, s.LimitBytes)
	}
	b.MarkDue(Filter{})
	b.confirm(b.freezeAll(20)...)
	eventually(t, "space was reclaimed", func() bool { return grow() == nil })
}

func TestAnUnknownAmountOfFreeSpaceIsNoReasonToRefuse(t *testing.T) {
	b := newRig(t, func(o *Options) {
		o.FreeBytes = func(string) (uint64, error) { return 0, errors.New("not supported") }
	})
	b.measure()
	b.put(at(1, 1))
}

func TestConfirmedBatchesMakeRoomOnAFullDisk(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	b := newRig(t, func(o *Options) {
		o.FreeBytes = func(string) (uint64, error) { return free.Load(), nil }
	})
	b.confirm(b.freezeOne(1))
	b.clock.Advance(time.Hour)
	if _, complete := b.Replayable(0, 0); !complete {
		t.Error("a batch was dropped although nobody pruned and there is space")
	}
	free.Store(0)
	b.space.checkSoon()
	eventually(t, "the confirmed batch is dropped", func() bool {
		_, complete := b.Replayable(0, 0)
		return !complete
	})
}
