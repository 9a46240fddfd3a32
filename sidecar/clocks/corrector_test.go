package clocks_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/progress-sync/progress-sync/sidecar/clocks"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func lesson(user string) progress.Key {
	return progress.Key{UserID: user, CourseID: "c", LessonID: "l"}
}

// request is the updates of one, all of one key.
type request struct {
	at       time.Duration   // after start, when it arrived
	happened []time.Duration // after start, by the device's clock
	sent     time.Duration   // the same, 0 for not given
	key      string
}

func one(at, happened time.Duration) request {
	return request{at: at, happened: []time.Duration{happened}}
}

// heartbeats are live updates of a device that is behind.
func heartbeats(from, every time.Duration, n int, behind time.Duration) (all []request) {
	for i := range n {
		at := from + time.Duration(i)*every
		all = append(all, one(at, at-behind))
	}
	return all
}

func byArrival(lists ...[]request) []request {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b request) int { return int(a.at - b.at) })
	return all
}

// times sends requests and returns when each update counts as having happened,
// after start.
func times(c *clocks.Corrector, requests []request) (all []time.Duration) {
	for _, r := range requests {
		var updates []progress.Update
		for _, h := range r.happened {
			u := progress.Update{Key: lesson(r.key), OccurredAt: progress.InstantOf(start.Add(h))}
			if r.sent != 0 {
				u.SentAt = progress.InstantOf(start.Add(r.sent))
			}
			updates = append(updates, u)
		}
		c.Correct(updates, progress.InstantOf(start.Add(r.at)))
		for _, u := range updates {
			all = append(all, u.OccurredAt.Time().Sub(start))
		}
	}
	return all
}

const (
	second = time.Second
	minute = time.Minute
	hour   = time.Hour
)

func TestTheTimesOfUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		requests []request
		want     []time.Duration
	}{
		"live heartbeats of a right clock stay": {
			heartbeats(0, 5*second, 3, 200*time.Millisecond),
			[]time.Duration{-200 * time.Millisecond, 4800 * time.Millisecond, 9800 * time.Millisecond},
		},
		"of a device an hour behind, the second heartbeat and all after it happened when they came": {
			heartbeats(0, 5*second, 4, hour),
			[]time.Duration{-hour, 5 * second, 10 * second, 15 * second},
		},
		"a minute and a half behind is not told from a slow network": {
			heartbeats(0, 5*second, 3, 90*second), []time.Duration{-90 * second, -85 * second, -80 * second},
		},
		"a clock that is ahead is not touched; it is pulled back when it is merged": {
			heartbeats(0, 5*second, 2, -hour), []time.Duration{hour, hour + 5*second},
		},
		"the way of each request differs": {
			[]request{one(0, -hour), one(6*second, 5*second-hour), one(10*second+500*time.Millisecond, 10*second-hour)},
			// The least that a request took is part of the offset.
			[]time.Duration{-hour, 5 * second, 10*second + 500*time.Millisecond},
		},
		"a queue that is sent at once keeps its times": {
			[]request{{at: 0, happened: []time.Duration{-3 * hour, -2 * hour, -hour}}}, []time.Duration{-3 * hour, -2 * hour, -hour},
		},
		"a queue that is sent one by one, fast, keeps its times": {
			[]request{one(0, -hour), one(100*time.Millisecond, -hour+5*second), one(200*time.Millisecond, -hour+10*second)},
			[]time.Duration{-hour, -hour + 5*second, -hour + 10*second},
		},
		"a queue whose updates are a moment apart, sent fast": {
			[]request{one(0, -hour), one(second, -hour+second), one(1900*time.Millisecond, -hour+2*second)},
			[]time.Duration{-hour, -hour + second, -hour + 2*second},
		},
		"a queue that is sent slowly, in another rhythm than it was made": {
			[]request{one(0, -hour), one(5*second, -hour+10*second), one(10*second, -hour+20*second), one(15*second, -hour+30*second)},
			[]time.Duration{-hour, -hour + 10*second, -hour + 20*second, -hour + 30*second},
		},
		"a queue in arrays, and their rhythm": {
			[]request{
				{at: 0, happened: []time.Duration{-hour, -hour + 5*second, -hour + 10*second}},
				{at: 5 * second, happened: []time.Duration{-hour + 15*second, -hour + 20*second, -hour + 25*second}},
			},
			[]time.Duration{-hour, -hour + 5*second, -hour + 10*second, -hour + 15*second, -hour + 20*second, -hour + 25*second},
		},
		"a right device that gathers for minutes keeps its times, in every array": {
			[]request{
				{at: 3 * minute, happened: []time.Duration{30 * second, 90 * second, 179 * second}},
				{at: 6 * minute, happened: []time.Duration{210 * second, 270 * second, 359 * second}},
			},
			[]time.Duration{30 * second, 90 * second, 179 * second, 210 * second, 270 * second, 359 * second},
		},
		"a device behind that gathers for a minute keeps the spacing": {
			[]request{
				{at: 0, happened: []time.Duration{-hour - 30*second, -hour}},
				{at: minute, happened: []time.Duration{30*second - hour, 60*second - hour}},
			},
			[]time.Duration{-hour - 30*second, -hour, 30 * second, 60 * second},
		},
		"a clock that is corrected in the middle": {
			append(heartbeats(0, 5*second, 2, hour), heartbeats(10*second, 5*second, 2, 0)...),
			[]time.Duration{-hour, 5 * second, 10 * second, 15 * second},
		},
		"a clock that is set back in the middle": {
			append(heartbeats(0, 5*second, 2, 0), heartbeats(10*second, 5*second, 2, hour)...),
			[]time.Duration{0, 5 * second, 10*second - hour, 15 * second},
		},
		"two devices of one learner, one of them right": {
			byArrival(heartbeats(0, 10*second, 3, hour), heartbeats(5*second, 10*second, 2, 0)),
			[]time.Duration{-hour, 5 * second, 10 * second, 15 * second, 20 * second},
		},
		"two devices of one learner, both wrong": {
			byArrival(heartbeats(0, 10*second, 2, hour), heartbeats(5*second, 10*second, 2, 2*hour)),
			[]time.Duration{-hour, 5*second - 2*hour, 10 * second, 15 * second},
		},
		"a device behind, while another sends what it has gathered": {
			[]request{
				one(0, -hour), one(5*second, 5*second-hour),
				one(6*second, -3*hour), one(6100*time.Millisecond, -3*hour+5*second), one(6200*time.Millisecond, -3*hour+10*second),
				one(10*second, 10*second-hour),
			},
			[]time.Duration{-hour, 5 * second, -3 * hour, -3*hour + 5*second, -3*hour + 10*second, 10 * second},
		},
		"an event at once after a heartbeat belongs to the series": {
			[]request{one(0, -hour), one(5*second, 5*second-hour), one(5200*time.Millisecond, 5200*time.Millisecond-hour)},
			[]time.Duration{-hour, 5 * second, 5200 * time.Millisecond},
		},
		"two events at once are no series, a third a while later makes it one": {
			[]request{one(0, -hour), one(second, second-hour), one(4*second, 4*second-hour)},
			[]time.Duration{-hour, second - hour, 4 * second},
		},
		"after eleven minutes a series begins anew": {
			[]request{one(0, -hour), one(5*second, 5*second-hour), one(12*minute, 12*minute-hour), one(12*minute+5*second, 12*minute+5*second-hour)},
			[]time.Duration{-hour, 5 * second, 12*minute - hour, 12*minute + 5*second},
		},
		"the same update again and again is not live": {
			[]request{one(0, -hour), one(5*second, -hour), one(10*second, -hour)}, []time.Duration{-hour, -hour, -hour},
		},
		"an update of another lesson is another series": {
			[]request{{at: 0, happened: []time.Duration{-hour}, key: "a"}, {at: 5 * second, happened: []time.Duration{5*second - hour}, key: "b"}},
			[]time.Duration{-hour, 5*second - hour},
		},

		"sentAt tells at once that a device is behind": {
			[]request{{at: second, happened: []time.Duration{-hour}, sent: -hour}}, []time.Duration{second},
		},
		"sentAt tells that a device is ahead": {
			[]request{{at: second, happened: []time.Duration{hour - minute}, sent: hour}}, []time.Duration{second - minute},
		},
		"sentAt keeps a queue's spacing": {
			[]request{{at: 0, happened: []time.Duration{-30 * hour, -25 * hour, -24 * hour}, sent: -24 * hour}},
			[]time.Duration{-6 * hour, -hour, 0},
		},
		"sentAt of a right clock changes nothing, however slow the network": {
			[]request{{at: 4 * second, happened: []time.Duration{-hour}, sent: -second}}, []time.Duration{-hour},
		},
		"with sentAt an old update is old, in any rhythm": {
			[]request{
				{at: 0, happened: []time.Duration{-hour}, sent: -1},
				{at: 5 * second, happened: []time.Duration{5*second - hour}, sent: 5 * second},
				{at: 10 * second, happened: []time.Duration{10*second - hour}, sent: 10 * second},
			},
			[]time.Duration{-hour, 5*second - hour, 10*second - hour},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, times(clocks.New(), c.requests)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARestartForgetsAndLearnsAnew(t *testing.T) {
	times(clocks.New(), heartbeats(0, 5*second, 3, hour))
	got := times(clocks.New(), heartbeats(15*second, 5*second, 2, hour))
	if diff := cmp.Diff([]time.Duration{15*second - hour, 20 * second}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAGuessKeepsWhatTheClientSaid(t *testing.T) {
	c := clocks.New()
	for i, want := range []progress.Instant{0, 1} { // whether it is there
		said := progress.InstantOf(start.Add(time.Duration(i)*5*second - hour))
		updates := []progress.Update{{Key: lesson("u"), OccurredAt: said}}
		c.Correct(updates, said+progress.Instant(hour.Microseconds()))
		if got := updates[0].ReportedAt; got != said*want {
			t.Errorf("update %d: %v", i, got.Time())
		}
	}
	known := []progress.Update{{OccurredAt: progress.InstantOf(start), SentAt: progress.InstantOf(start)}}
	c.Correct(known, progress.InstantOf(start.Add(hour)))
	if known[0].ReportedAt != 0 {
		t.Error("what sentAt tells is no guess")
	}
}

// Two heartbeats of more keys than are remembered: those that came last are.
func TestTheMemoryIsBounded(t *testing.T) {
	c := clocks.New()
	const keys = 10_000
	shifted := func(at time.Duration, key int) bool {
		r := one(at, at-hour)
		r.key = fmt.Sprint(key)
		return times(c, []request{r})[0] == at
	}
	for key := range keys {
		shifted(0, key)
	}
	known := 0
	for key := keys - 1; key >= 0; key-- { // the newest first
		if shifted(5*second, key) {
			known++
		}
	}
	if known < 2048 || known > 4096 {
		t.Errorf("%d of %d keys are remembered", known, keys)
	}
}

// Whatever comes: what is not old stays, a guess never makes an update later
// than its arrival, and the updates of one request keep their order.
func TestAnyTimesStayInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, at := clocks.New(), time.Duration(0)
		for range rapid.IntRange(1, 30).Draw(t, "requests") {
			at += time.Duration(rapid.IntRange(0, 20).Draw(t, "pause")) * second
			behind := rapid.SampledFrom([]time.Duration{0, 30 * second, hour, hour + second, 2 * hour, -hour}).Draw(t, "behind")
			r := request{at: at}
			for range rapid.IntRange(1, 4).Draw(t, "updates") {
				r.happened = append(r.happened, at-behind-time.Duration(rapid.IntRange(0, 300).Draw(t, "age"))*second)
			}
			got := times(c, []request{r})
			shift := got[0] - r.happened[0]
			for i, h := range r.happened {
				if got[i]-h != shift {
					t.Fatalf("shifted by %v and %v", shift, got[i]-h)
				}
				if shift != 0 && (got[i] > at || at-h <= clocks.Old) {
					t.Fatalf("%v after start counts as %v after it, at %v", h, got[i], at)
				}
			}
		}
	})
}

func BenchmarkCorrect(b *testing.B) {
	for name, behind := range map[string]time.Duration{"live": second, "old": hour} {
		b.Run(name, func(b *testing.B) {
			c, received := clocks.New(), progress.InstantOf(start)
			updates := make([]progress.Update, 1)
			b.ReportAllocs()
			for b.Loop() {
				received += 5e6
				updates[0] = progress.Update{Key: lesson("u"), OccurredAt: received - progress.Instant(behind.Microseconds())}
				c.Correct(updates, received)
			}
		})
	}
}

// TestSentAtKeepsTheOrderOfADevicesUpdates has a device whose clock is off by any
// time, heartbeats, and requests that take up to a second.
func TestSentAtKeepsTheOrderOfADevicesUpdates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		off := time.Duration(rapid.Int64Range(int64(-20*second), int64(20*second)).Draw(t, "clock is ahead by"))
		c := clocks.New()
		var happened time.Duration
		last := -24 * hour
		for range rapid.IntRange(2, 20).Draw(t, "updates") {
			happened += time.Duration(rapid.Int64Range(int64(3*second), int64(10*second)).Draw(t, "pause"))
			way := time.Duration(rapid.Int64Range(0, int64(second)).Draw(t, "way"))
			clock := happened + off
			got := times(c, []request{{at: happened + way, happened: []time.Duration{clock}, sent: clock}})[0]
			if got <= last {
				t.Fatalf("an update counts as of %s, the one before it as of %s", got, last)
			}
			if got > happened+way {
				t.Fatalf("an update that came at %s counts as of %s", happened+way, got)
			}
			last = got
		}
	})
}
