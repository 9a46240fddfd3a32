package buffer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// A learner who leaves is written within seconds, whoever watches on is not, and no
// client has its records written as often as it likes.
func TestARecordIsDueEarly(t *testing.T) {
	leaving := func(n int) progress.Update {
		u := at(n, 1)
		u.Leaving = true
		return u
	}
	within := func(n int, seconds float64) progress.Update {
		u := at(n, 1)
		u.SyncWithin = progress.Some(seconds)
		return u
	}
	hint := func(n int) progress.Update {
		return progress.Update{Key: key(n), EventID: "hint", OccurredAt: 1_772_355_000_000_000, Leaving: true}
	}
	written := func(b *rig) { b.confirm(b.freezeAll(10)...) }
	for name, tt := range map[string]struct {
		terms func(*timing.Terms)
		run   func(*rig)
		want  int
	}{
		"not as soon as its learner leaves": {nil, func(b *rig) {
			b.put(leaving(1))
			b.clock.Advance(4 * time.Second)
		}, 0},
		"when its learner left and nothing more came": {nil, func(b *rig) {
			b.put(leaving(1))
			b.clock.Advance(5 * time.Second)
		}, 1},
		"not when more came": {nil, func(b *rig) {
			b.put(leaving(1))
			b.clock.Advance(4 * time.Second)
			b.put(at(1, 2))
			b.clock.Advance(time.Minute)
		}, 0},
		"when its learner came back and left again": {nil, func(b *rig) {
			b.put(leaving(1))
			b.clock.Advance(4 * time.Second)
			b.put(at(1, 2))
			b.clock.Advance(time.Minute)
			b.put(leaving(1))
			b.clock.Advance(5 * time.Second)
		}, 1},
		"when its learner is said to have left after what they did": {nil, func(b *rig) {
			b.put(at(1, 1))
			b.clock.Advance(20 * time.Second)
			b.put(hint(1))
			b.clock.Advance(5 * time.Second)
		}, 1},
		"not for what came behind that": {nil, func(b *rig) {
			b.put(at(1, 1), hint(1))
			b.clock.Advance(4 * time.Second)
			b.put(at(1, 2))
			b.clock.Advance(time.Minute)
		}, 0},
		"never where a hint is all that came": {nil, func(b *rig) {
			b.put(hint(1))
			b.clock.Advance(time.Hour)
		}, 0},
		"not again where a hint is all that came since": {nil, func(b *rig) {
			b.put(at(1, 1), hint(1))
			b.clock.Advance(5 * time.Second)
			written(b)
			b.put(hint(1))
			b.clock.Advance(time.Hour)
		}, 0},
		"by its rhythm though a hint came meanwhile": {
			func(t *timing.Terms) { t.AutoQuiet, t.LeaveGrace = true, 0 },
			func(b *rig) {
				for range 3 {
					b.put(at(1, 1))
					b.clock.Advance(10 * time.Second)
				}
				b.put(hint(1))
				b.clock.Advance(10 * time.Second)
			}, 1},
		"not for a learner who left where the policy takes no notice": {
			func(t *timing.Terms) { t.LeaveGrace = 0 },
			func(b *rig) {
				b.put(leaving(1))
				b.clock.Advance(time.Minute)
			}, 0},
		"as soon as a client asks": {nil, func(b *rig) {
			b.put(at(1, 1), within(1, 40))
			b.clock.Advance(40 * time.Second)
		}, 1},
		"as soon as a client asked first, though more came": {nil, func(b *rig) {
			b.put(within(1, 40))
			b.clock.Advance(20 * time.Second)
			b.put(within(1, 40), at(1, 3))
			b.clock.Advance(20 * time.Second)
		}, 1},
		"sooner when a client asks for that later": {nil, func(b *rig) {
			b.put(within(1, 100))
			b.clock.Advance(20 * time.Second)
			b.put(within(1, 30))
			b.clock.Advance(30 * time.Second)
		}, 1},
		"not sooner than the policy allows": {nil, func(b *rig) {
			b.put(within(1, 1))
			b.clock.Advance(14 * time.Second)
		}, 0},
		"as soon as the policy allows": {nil, func(b *rig) {
			b.put(within(1, 1))
			b.clock.Advance(15 * time.Second)
		}, 1},
		"no later than its interval, whatever a client asks for": {nil, func(b *rig) {
			b.put(within(1, 3600))
			b.clock.Advance(3 * time.Minute)
		}, 1},
		"not for a client that has just had it written": {nil, func(b *rig) {
			b.put(leaving(1))
			b.clock.Advance(5 * time.Second)
			written(b)
			b.put(leaving(1))
			b.clock.Advance(14 * time.Second)
		}, 0},
		"for a client that had it written a while ago": {nil, func(b *rig) {
			b.put(leaving(1))
			b.clock.Advance(5 * time.Second)
			written(b)
			b.put(leaving(1))
			b.clock.Advance(15 * time.Second)
		}, 1},
		"not by a rhythm while that is not known": {
			func(t *timing.Terms) { t.AutoQuiet = true },
			func(b *rig) {
				b.put(at(1, 1))
				b.clock.Advance(2 * time.Minute)
			}, 0},
		"when it was quiet for twice its rhythm": {
			func(t *timing.Terms) { t.AutoQuiet = true },
			func(b *rig) {
				for range 3 {
					b.put(at(1, 1))
					b.clock.Advance(10 * time.Second)
				}
				b.clock.Advance(10 * time.Second)
			}, 1},
		"not between two heartbeats of a slow client": {
			func(t *timing.Terms) { t.AutoQuiet, t.Interval = true, time.Hour },
			func(b *rig) {
				for range 5 {
					b.put(at(1, 1))
					b.clock.Advance(4 * time.Second)
					b.put(at(1, 1)) // a seek
					b.clock.Advance(56 * time.Second)
				}
			}, 0},
		"by a rhythm that an earlier window told": {
			func(t *timing.Terms) { t.AutoQuiet, t.Interval = true, 30*time.Second },
			func(b *rig) {
				for range 4 {
					b.put(at(1, 1))
					b.clock.Advance(10 * time.Second)
				}
				written(b)
				b.put(at(1, 2))
				b.clock.Advance(20 * time.Second)
			}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, func(o *Options) {
				terms := timing.Terms{Interval: 3 * time.Minute, LeaveGrace: 5 * time.Second}
				if tt.terms != nil {
					tt.terms(&terms)
				}
				o.Policy.Terms = timing.Only(terms, 15*time.Second)
			})
			tt.run(b)
			if got := records(b.freezeAll(10)); got != tt.want {
				t.Errorf("%d records are due, want %d", got, tt.want)
			}
		})
	}
}

// Who only says that they leave has done nothing in the lesson: no row must come of it,
// whichever way it came.
func TestOfAnUpdateThatSaysNothingButWhenToWriteNothingIsKept(t *testing.T) {
	hint := progress.Update{Key: key(1), EventID: "hint", OccurredAt: 1_772_355_000_000_000, Leaving: true}
	hurried := hint
	hurried.Leaving, hurried.SyncWithin = false, progress.Some(30)
	handedOn := func(b *rig, number uint64, item Item) []Result { return b.putFrom(SenderID{1}, number, item) }
	for name, put := range map[string]func(b *rig, number uint64) []Result{
		"from an app":                  func(b *rig, _ uint64) []Result { return b.put(hint) },
		"from an app, with a time":     func(b *rig, _ uint64) []Result { return b.put(hurried) },
		"twice":                        func(b *rig, _ uint64) []Result { return b.put(hint, hint) },
		"for a home that is away":      func(b *rig, _ uint64) []Result { return b.putStray(hint) },
		"from another sidecar":         func(b *rig, n uint64) []Result { return handedOn(b, n, Item{Update: hint}) },
		"from another, for a home too": func(b *rig, n uint64) []Result { return handedOn(b, n, Item{Update: hint, Stray: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newRig(t, func(o *Options) { o.Policy.EventIDs.MaxCount = 100 })
			for _, r := range put(b, 1) {
				if r != (Result{Hint: true, Record: progress.Record{Key: key(1)}}) {
					t.Errorf("with nothing unsaved the result is %+v", r)
				}
			}
			if held := b.Unsaved(Filter{}); len(held) > 0 || len(b.strayIDs()) > 0 {
				t.Errorf("it is held: %+v, strays %v", held, b.strayIDs())
			}
			b.put(at(1, 7))
			before := b.Unsaved(Filter{})
			for _, r := range put(b, 2) {
				if r != (Result{Hint: true, Record: before[0].Record}) {
					t.Errorf("with something unsaved the result is %+v", r)
				}
			}
			b.crash()
			if diff := cmp.Diff(before, b.Unsaved(Filter{})); diff != "" || len(b.strayIDs()) > 0 {
				t.Errorf("it changed what is held, strays %v:\n%s", b.strayIDs(), diff)
			}
		})
	}
}

// The quiet period must not take a slow client for one that is gone, nor wait for long
// for one that is quick.
func TestTheRhythmOf(t *testing.T) {
	s := time.Second
	for name, tt := range map[string]struct {
		gaps     []time.Duration
		from, to time.Duration
	}{
		"steady heartbeats is theirs":                             {[]time.Duration{10 * s, 10 * s, 10 * s}, 10 * s, 10 * s},
		"slow heartbeats stays slow by a pause and a seek":        {[]time.Duration{60 * s, 60 * s, 3 * s, 5 * s, 52 * s}, 45 * s, 60 * s},
		"quick heartbeats is known again after a break":           {[]time.Duration{5 * s, 5 * s, 600 * s, 5 * s, 5 * s, 5 * s, 5 * s, 5 * s, 5 * s, 5 * s, 5 * s}, 5 * s, 25 * s},
		"slow heartbeats is learned after a quick first update":   {[]time.Duration{2 * s, 60 * s, 60 * s}, 40 * s, 60 * s},
		"updates that all come at once is no shorter than second": {[]time.Duration{0, 0, 0}, s, s},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			for _, gap := range tt.gaps {
				p.beat(gap)
			}
			if p.rhythm < tt.from || p.rhythm > tt.to {
				t.Errorf("%v, want %v to %v", p.rhythm, tt.from, tt.to)
			}
		})
	}
}

func TestHowLongTheLastUpdateTookIsToldOnceTheKeyIsSilent(t *testing.T) {
	var told []time.Duration
	b := newRig(t, func(o *Options) {
		o.OnFinal = func(_ *timing.Terms, lag time.Duration) { told = append(told, lag) }
	})
	sweep := func() {
		b.clock.Advance(silence)
		b.housekeeper.expire()
	}
	want := func(what string, lags ...time.Duration) {
		t.Helper()
		if len(told) != len(lags) || len(lags) > 0 && told[len(told)-1] != lags[len(lags)-1] {
			t.Errorf("%s: told %v, want %v", what, told, lags)
		}
	}
	b.put(at(1, 1))
	b.clock.Advance(3 * time.Minute)
	b.confirm(b.freezeAll(10)...)
	b.put(at(1, 2)) // it was not the last
	b.clock.Advance(3 * time.Minute)
	b.confirm(b.freezeAll(10)...)
	want("just saved")
	sweep()
	sweep()
	want("after the silence", 3*time.Minute)
	sweep()
	sweep()
	want("later", 3*time.Minute)

	b.put(at(2, 1))
	b.clock.Advance(3 * time.Minute)
	frozen := b.freezeAll(10)
	sweep()
	sweep()
	want("silent and not saved", 3*time.Minute)
	b.confirm(frozen...)
	want("saved after the silence", 3*time.Minute, 13*time.Minute)
}
