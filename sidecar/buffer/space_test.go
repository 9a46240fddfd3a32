package buffer

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
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
	b.MakeDue(Filter{})
	b.confirm(b.freezeAll(10)...)
	if s := b.Stats(); s.Pending != 0 || s.InFlight != 0 {
		t.Errorf("not everything was saved: %+v", s)
	}
	free.Store(1 << 40)
	kit.Eventually(t, "updates are accepted again", func() error {
		_, err := b.Put(context.Background(), []progress.Update{at(1, 2)})
		return err
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
	b.MakeDue(Filter{})
	b.confirm(b.freezeAll(20)...)
	kit.Eventually(t, "space was reclaimed", grow)
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
	kit.Eventually(t, "the confirmed batch is dropped", func() error {
		_, complete := b.Replayable(0, 0)
		return kit.Unless(!complete, "it is kept")
	})
}

func TestWhenUpdatesAreRefused(t *testing.T) {
	const mb = 1 << 20
	p := Policy{SizeLimitBytes: 100 * mb} // a headroom of 25 MB
	plenty := measurement{free: 1000 * mb, freeKnown: true}
	for name, tt := range map[string]struct {
		set    func(*measurement)
		refuse bool
	}{
		"not with plenty of room":                    {func(*measurement) {}, false},
		"not just below 90 % of the limit":           {func(m *measurement) { m.size = 89 * mb }, false},
		"at 90 % of the limit":                       {func(m *measurement) { m.size = 90 * mb }, true},
		"when the next checkpoint would reach it":    {func(m *measurement) { m.size, m.growth = 50*mb, 40*mb }, true},
		"not when it would stay below":               {func(m *measurement) { m.size, m.growth = 50*mb, 39*mb }, false},
		"when the file system has less than needed":  {func(m *measurement) { m.free = 24 * mb }, true},
		"when it has no more for the checkpoint":     {func(m *measurement) { m.free, m.growth = 30*mb, 6*mb }, true},
		"not when what it has is not known":          {func(m *measurement) { m.free, m.freeKnown = 0, false }, false},
		"when the disk had no room for the next log": {func(m *measurement) { m.short = true }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := newSpace(), plenty
			tt.set(&m)
			s.measured(m, &p)
			if s.refusing.Load() != tt.refuse || s.bytes.Load() != m.size+m.growth {
				t.Errorf("refused: %v, at %d bytes", s.refusing.Load(), s.bytes.Load())
			}
		})
	}
}

// A file system that others fill doesn't ask first.
func TestOnADiskThatIsFullNothingAcknowledgedIsLost(t *testing.T) {
	b := newRig(t, func(o *Options) { o.Policy.MaxPendingRecords = 0 })
	b.fs.Limit(24 << 20)
	module := strings.Repeat("m", 64<<10)
	acknowledged := 0
	var err error
	for err == nil {
		u := at(acknowledged, 1)
		u.ModuleID = module
		if _, err = b.Put(context.Background(), []progress.Update{u}); err == nil {
			acknowledged++
		}
		if acknowledged > 1000 {
			t.Fatal("60 MB were written to a disk of 24 MB")
		}
	}
	if !errors.Is(err, ErrNoSpace) && !errors.Is(err, ErrFailed) {
		t.Errorf("refused with %v", err)
	}
	b.fs.Limit(0)
	b.crash()
	if s := b.Stats(); s.Pending < int64(acknowledged) || s.Pending > int64(acknowledged)+1 {
		t.Errorf("%d are held, %d were acknowledged", s.Pending, acknowledged)
	}
	b.put(at(0, 2))
}
