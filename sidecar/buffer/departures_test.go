package buffer

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// A session that ends is told of once, and only when its learner is gone: what is
// written has to say so, and nobody may see a lesson as begun or as unsaved for it.
func TestARecordKeepsThatItsLearnerLeft(t *testing.T) {
	leaving := func(n int) progress.Update {
		u := at(n, 1)
		u.Leaving = true
		return u
	}
	hint := progress.Update{Key: key(1), Leaving: true}
	written := func(b *rig) { b.confirm(b.freezeAll(10)...) }
	for name, tt := range map[string]struct {
		run func(*rig)
		// updates is -1 where nothing is to be due.
		updates    int64
		generation bool
		left       bool
	}{
		"with the last update": {func(b *rig) { b.put(at(1, 1), leaving(1)) }, 2, false, true},
		"behind the updates":   {func(b *rig) { b.put(at(1, 1), hint) }, 1, false, true},
		"when all is written": {func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(3 * time.Minute)
			written(b)
			b.put(hint)
		}, 0, false, true},
		"when all is frozen": {func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(3 * time.Minute)
			frozen := b.freezeAll(10)
			b.put(hint)
			b.confirm(frozen...)
		}, 0, false, true},
		"after a crash of the sidecar": {func(b *rig) {
			b.put(at(1, 1), hint)
			b.crash()
			b.clock.Advance(3 * time.Minute)
		}, 1, false, true},
		"after a crash of the sidecar, when all is written": {func(b *rig) {
			b.put(hint)
			b.crash()
			b.clock.Advance(3 * time.Minute)
		}, 0, false, true},
		"but not of who came back": {func(b *rig) {
			b.put(hint)
			b.clock.Advance(time.Second)
			b.put(at(1, 1))
			b.clock.Advance(3 * time.Minute)
		}, 1, false, false},
		"but not by what was said before the last update, and came later": {func(b *rig) {
			late := hint
			late.OccurredAt = progress.InstantOf(b.clock.Now())
			b.clock.Advance(time.Second)
			b.put(at(1, 1), late)
			b.clock.Advance(3 * time.Minute)
		}, 1, false, false},
		"but not of who starts anew": {func(b *rig) {
			b.put(at(1, 1), hint)
			_, _ = b.Reset(t.Context(), []progress.Key{key(1)})
			b.put(hint)
			b.clock.Advance(3 * time.Minute)
		}, 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, departing)
			tt.run(b)
			b.clock.Advance(5 * time.Second)
			var all []progress.Record
			for _, batch := range b.freezeAll(10) {
				all = append(all, batch.Records...)
			}
			if len(all) != 1 {
				t.Fatalf("%d records are due, want one", len(all))
			}
			r := all[0]
			if r.UpdateCount != tt.updates || (r.Generation != 0) != tt.generation || (r.LeftAt != 0 && r.LeftAt >= r.LastWatchedAt) != tt.left {
				t.Errorf("written is %+v", r)
			}
		})
	}
}

// The home has what the learner did before, and is away.
func TestADepartureIsNotKeptForAHomeThatIsAway(t *testing.T) {
	b := newRig(t, departing)
	b.putStray(progress.Update{Key: key(1), EventID: "hint", Leaving: true})
	if s := b.Stats(); s.Pending != 0 || s.Strays != 0 {
		t.Errorf("it is kept: %+v", s)
	}
}

func TestADepartureIsNothingThatIsUnsaved(t *testing.T) {
	b := newRig(t, departing)
	hint := progress.Update{Key: key(1), Leaving: true}
	unseen := func(when string) {
		t.Helper()
		if held, n := b.Unsaved(Filter{}), b.Tally(Filter{}); len(held) != 0 || n != (Tally{}) {
			t.Errorf("%s there is %+v, counted as %+v", when, held, n)
		}
		if s := b.Stats(); s.PendingUpdates != 0 {
			t.Errorf("%s there are updates: %+v", when, s)
		}
	}
	b.put(hint)
	unseen("pending")
	b.clock.Advance(5 * time.Second)
	frozen := b.freezeAll(10)
	unseen("frozen")
	b.put(hint)
	unseen("pending and frozen")
	b.confirm(frozen...)
	b.put(at(1, 7))
	if held, n := b.Unsaved(Filter{}), b.Tally(Filter{}); len(held) != 1 || held[0].PendingUpdates != 1 || n.Records != 1 || n.PendingUpdates != 1 {
		t.Errorf("with an update there is %+v, counted as %+v", held, n)
	}
}

func departing(o *Options) {
	o.Policy.Departures = true
	o.Policy.Terms = timing.Only(timing.Terms{Interval: 3 * time.Minute, LeaveGrace: 5 * time.Second}, 0)
}
