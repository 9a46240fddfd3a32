package buffer

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

func TestASteadyHeartbeatIsDueOncePerInterval(t *testing.T) {
	tests := map[string]func(*Policy){
		"with the interval alone":  func(*Policy) {},
		"with a quiet period":      func(p *Policy) { p.retime(func(t *timing.Terms) { t.QuietPeriod = time.Minute }) },
		"acknowledged before sync": func(p *Policy) { p.Async = true },
		"without flushOnComplete":  func(p *Policy) { p.retime(func(t *timing.Terms) { t.FlushOnComplete = false }) },
		"of a learner at 96 %":     func(p *Policy) { p.CompletionThreshold = 1 },
		"completed, quiet period on": func(p *Policy) {
			p.CompletionThreshold = 1
			p.retime(func(t *timing.Terms) { t.QuietPeriod = 10 * time.Second })
		},
	}
	for name, set := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, func(o *Options) { set(&o.Policy) })
			const beats, pause = 360, 5 * time.Second // ten intervals
			var sizes []int64
			for i := range beats {
				u := at(1, float64(i))
				u.Percentage = progress.Some(96 * float64(i) / beats)
				b.put(u)
				b.clock.Advance(pause)
				for _, batch := range b.freezeAll(10) {
					sizes = append(sizes, batch.Records[0].UpdateCount)
					b.confirm(batch)
				}
			}
			// Completion adds one early write.
			if n := len(sizes); n < 10 || n > 11 {
				t.Errorf("written %d times in ten intervals, updates in each: %v", n, sizes)
			}
		})
	}
}

func TestARecordIsDue(t *testing.T) {
	tests := map[string]struct {
		policy func(*Policy)
		run    func(*rig)
		want   int // records frozen
	}{
		"not before its interval": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(3*time.Minute - time.Second)
		}, 0},
		"when its interval has passed": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(3 * time.Minute)
		}, 1},
		"when its interval has passed, although it changed just now": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(3 * time.Minute)
			b.put(at(1, 2))
		}, 1},
		"when the policy's interval became shorter": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(time.Minute)
			p := testPolicy()
			p.retime(func(t *timing.Terms) { t.Interval = 30 * time.Second })
			b.SetPolicy(p)
		}, 1},
		"when it was just completed": {nil, func(b *rig) {
			u := at(1, 1)
			u.Completed = true
			b.put(u, at(2, 1))
		}, 1},
		"not when it was completed and flushOnComplete is off": {
			func(p *Policy) { p.retime(func(t *timing.Terms) { t.FlushOnComplete = false }) },
			func(b *rig) {
				u := at(1, 1)
				u.Completed = true
				b.put(u)
			}, 0},
		"not again when a completed lesson goes on": {nil, func(b *rig) {
			u := at(1, 1)
			u.Completed = true
			b.put(u)
			b.confirm(b.freezeAll(10)...)
			b.put(u)
		}, 0},
		"again when it was reset and completed anew": {nil, func(b *rig) {
			u := at(1, 1)
			u.Completed = true
			b.put(u)
			b.confirm(b.freezeAll(10)...)
			if _, err := b.Reset(context.Background(), []progress.Key{u.Key}); err != nil {
				b.t.Fatal(err)
			}
			b.put(u)
		}, 1},
		"after a crash, if it had been completed and not frozen": {nil, func(b *rig) {
			u := at(1, 1)
			u.Completed = true
			b.put(u, at(2, 1))
			b.crash()
		}, 1},
		"when it was quiet for the quiet period": {
			func(p *Policy) { p.retime(func(t *timing.Terms) { t.QuietPeriod = 20 * time.Second }) },
			func(b *rig) {
				b.put(at(1, 1), at(2, 1))
				b.clock.Advance(15 * time.Second)
				b.put(at(2, 2))
				b.clock.Advance(5 * time.Second)
			}, 1},
		"when a quiet period is switched on and it was quiet already": {nil, func(b *rig) {
			b.put(at(1, 1), at(2, 1))
			b.clock.Advance(15 * time.Second)
			b.put(at(1, 2))
			b.clock.Advance(5 * time.Second)
			p := testPolicy()
			p.retime(func(t *timing.Terms) { t.QuietPeriod = 20 * time.Second })
			b.SetPolicy(p)
		}, 1},
		"not when the quiet period is switched off": {
			func(p *Policy) { p.retime(func(t *timing.Terms) { t.QuietPeriod = 20 * time.Second }) },
			func(b *rig) {
				b.put(at(1, 1))
				b.clock.Advance(time.Minute)
				b.SetPolicy(testPolicy())
			}, 0},
		"when it is among the oldest above the high-water mark": {
			func(p *Policy) { p.MaxPendingRecords = 10 },
			func(b *rig) {
				for i := range 10 {
					b.put(at(i, 1))
				}
			}, 2},
		"when it is asked for": {nil, func(b *rig) {
			b.put(at(1, 1), at(2, 1))
			b.MakeDue(Filter{UserID: key(2).UserID})
		}, 1},
		"after the wall clock was set back, in its time": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(-24 * time.Hour)
			b.put(at(2, 1))
			b.clock.Advance(3 * time.Minute)
		}, 2},
		"after a restart, in the time that is left": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(time.Minute)
			b.put(at(2, 1))
			b.restart()
			b.clock.Advance(2*time.Minute + 20*time.Second)
		}, 1},
		"after a restart with a clock far behind, no later than an interval": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(-24 * time.Hour)
			b.restart()
			b.clock.Advance(3*time.Minute + time.Second)
		}, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, func(o *Options) {
				if tt.policy != nil {
					tt.policy(&o.Policy)
				}
			})
			tt.run(b)
			due := 0
			for lane := range b.Lanes() {
				if at, ok := b.NextDue(lane); ok && !at.After(b.clock.Now()) {
					due++
				}
			}
			got := records(b.freezeAll(100))
			if got != tt.want {
				t.Errorf("%d records are due, want %d", got, tt.want)
			}
			if (due > 0) != (tt.want > 0) {
				t.Errorf("NextDue says that %d lanes are due", due)
			}
		})
	}
}

func TestKeysWhoseWindowsEndShortlyAfterEachOtherShareABatch(t *testing.T) {
	const linger = 10 * time.Second
	b := newRig(t, func(o *Options) { o.Policy.retime(func(t *timing.Terms) { t.Linger = linger }) })
	var mates []progress.Update
	lane := -1
	for i := 0; len(mates) < 3; i++ {
		l := laneOf([]byte(spool.KeyOf(key(i))), b.Lanes())
		if lane == -1 || l == lane {
			lane = l
			mates = append(mates, at(i, 1))
		}
	}
	for _, u := range mates {
		b.put(u)
		b.clock.Advance(2 * time.Second)
	}
	b.clock.Advance(3*time.Minute - 6*time.Second)
	due, _ := b.NextDue(lane)
	if wait := due.Sub(b.clock.Now()); wait != linger {
		t.Errorf("the first to be due is written after %v, want %v", wait, linger)
	}
	b.clock.Advance(linger)
	if batch, _, err := b.Freeze(lane, b.clock.Now(), 10); err != nil || len(batch.Records) != len(mates) {
		t.Errorf("a batch of %d records, %v", len(batch.Records), err)
	}
}

func TestWhatIsOverdueAtStartWaitsForAShortRandomTime(t *testing.T) {
	b := newRig(t)
	b.put(at(1, 1))
	opened := progress.InstantOf(b.clock.Now())
	b.clock.Advance(time.Hour)
	b.restart()
	if got := b.Stats().Oldest; got != opened {
		t.Errorf("oldest %v, want %v", got.Time(), opened.Time())
	}
	lane := laneOf([]byte(spool.KeyOf(key(1))), b.Lanes())
	due, ok := b.NextDue(lane)
	if wait := due.Sub(b.clock.Now()); !ok || wait < 0 || wait > maxStartJitter {
		t.Errorf("due in %v", wait)
	}
	b.clock.Advance(maxStartJitter)
	if got := records(b.freezeAll(10)); got != 1 {
		t.Errorf("%d records are due", got)
	}
}

func TestWakeIsSignalledWhenSomethingIsDueEarlier(t *testing.T) {
	b := newRig(t)
	lane := laneOf([]byte(spool.KeyOf(key(1))), b.Lanes())
	awake := func() bool {
		select {
		case <-b.Wake(lane):
			return true
		default:
			return false
		}
	}
	b.put(at(1, 1))
	if !awake() {
		t.Error("not by the first record of an empty lane")
	}
	b.put(at(1, 2))
	if awake() {
		t.Error("by an update that changes nothing about when it is due")
	}
	b.MakeDue(Filter{UserID: key(1).UserID})
	if !awake() {
		t.Error("not by MakeDue")
	}
	b.freezeAll(10)
	b.put(at(1, 1))
	awake()
	b.SetPolicy(Policy{Terms: timing.Only(timing.Terms{Interval: time.Second}, 0)})
	if !awake() {
		t.Error("not by a change of the policy")
	}
	u := at(1, 3)
	u.Completed = true
	b.SetPolicy(testPolicy())
	awake()
	b.put(u)
	if !awake() {
		t.Error("not by a completion")
	}
}

func TestLearnersWhoMovedAwayAreDueWithinTheTimeGiven(t *testing.T) {
	b := newRig(t)
	var updates []progress.Update
	for n := range 300 {
		updates = append(updates, at(n, 1))
	}
	b.put(updates...)
	moved := func(userID string) bool { return userID == key(7).UserID || userID == key(250).UserID }
	if nothing := b.MakeDueWhere(func(string) bool { return false }, 0); !b.Saved(nothing) || len(b.freezeAll(10)) != 0 {
		t.Error("records of nobody are due")
	}
	due := b.MakeDueWhere(moved, 2*time.Second)
	soonest := b.clock.Now().Add(time.Hour)
	for lane := range b.Lanes() {
		if next, ok := b.NextDue(lane); ok && next.Before(soonest) {
			soonest = next
		}
	}
	if want := b.clock.Now().Add(2 * time.Second); !soonest.Equal(want) {
		t.Errorf("the first is due at %v, want %v", soonest, want)
	}
	b.clock.Advance(2 * time.Second)
	var frozen []string
	batches := b.freezeAll(1)
	for _, batch := range batches {
		frozen = append(frozen, batch.Records[0].UserID)
	}
	if len(frozen) != 2 || !moved(frozen[0]) || !moved(frozen[1]) {
		t.Errorf("frozen are %v", frozen)
	}
	if b.Saved(due) {
		t.Error("what is frozen counts as saved")
	}
	saved := make(chan error, 1)
	go func() { saved <- b.AwaitSaved(t.Context(), due) }()
	b.confirm(batches...)
	if err := <-saved; err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	b.put(at(7, 2))
	if err := b.AwaitSaved(ended, b.MakeDueWhere(moved, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
	for _, l := range b.lanes {
		if len(l.pending.walks) != 0 {
			t.Errorf("lane %d: a walk goes on", l.number)
		}
	}
}
