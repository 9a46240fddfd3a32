package progress

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func anyStamp() *rapid.Generator[Stamp] {
	return rapid.Custom(func(t *rapid.T) Stamp {
		return Stamp{
			At:       Instant(rapid.Int64Range(1, 6).Draw(t, "at")),
			Received: Instant(rapid.Int64Range(1, 6).Draw(t, "received")),
		}
	})
}

// anyUpdateRecord draws from few values, so that ties and equal generations are
// frequent.
func anyUpdateRecord() *rapid.Generator[Record] {
	return rapid.Custom(func(t *rapid.T) Record {
		small := rapid.Float64Range(0, 100)
		number := func(label string) Number {
			return Number{Value: small.Draw(t, label), Set: rapid.Bool().Draw(t, label+" set")}.cleared()
		}
		stamp := anyStamp().Draw(t, "stamp")
		u := Update{
			Key:             Key{UserID: "u", CourseID: "c", LessonID: "l"},
			ModuleID:        rapid.SampledFrom([]string{"", "m1", "m2"}).Draw(t, "module"),
			CurrentTime:     number("currentTime"),
			Duration:        number("duration"),
			Percentage:      number("percentage"),
			WatchedDuration: number("watchedDuration"),
			WatchedDelta:    number("watchedDelta"),
			PlaybackSpeed:   number("playbackSpeed"),
			WatchedSegments: anySegments().Draw(t, "segments"),
			SeekEvents:      rapid.Int64Range(0, 3).Draw(t, "seeks"),
			PauseEvents:     rapid.Int64Range(0, 3).Draw(t, "pauses"),
			Completed:       rapid.Bool().Draw(t, "completed"),
			OccurredAt:      stamp.At,
		}
		r := u.Record(stamp.Received, 95)
		r.Generation = Instant(rapid.Int64Range(0, 2).Draw(t, "generation"))
		return r
	})
}

func (n Number) cleared() Number {
	if !n.Set {
		return Number{}
	}
	return n
}

func TestMergeGivesTheSameWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyUpdateRecord().Draw(t, "a"), anyUpdateRecord().Draw(t, "b"), anyUpdateRecord().Draw(t, "c")
		if diff := cmp.Diff(Merge(a, b), Merge(b, a)); diff != "" {
			t.Fatalf("a·b and b·a differ:\n%s", diff)
		}
		if diff := cmp.Diff(Merge(Merge(a, b), c), Merge(a, Merge(b, c))); diff != "" {
			t.Fatalf("(a·b)·c and a·(b·c) differ:\n%s", diff)
		}
	})
}

func TestMergeNeverLowersProgressWithinAGeneration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyUpdateRecord().Draw(t, "a"), anyUpdateRecord().Draw(t, "b")
		b.Generation = a.Generation
		m := Merge(a, b)
		if m.MaxPosition < a.MaxPosition || m.Percentage < a.Percentage || m.Watched < a.Watched ||
			m.TimeSpent < a.TimeSpent || m.SeekEvents < a.SeekEvents || m.UpdateCount < a.UpdateCount ||
			a.Completed && !m.Completed || m.Segments.Join(a.Segments) != m.Segments {
			t.Fatalf("merging %+v into %+v lowered it to %+v", b, a, m)
		}
	})
}

func TestUpdateRecord(t *testing.T) {
	const received = Instant(1_700_000_000_000_000)
	tests := map[string]struct {
		update    Update
		threshold float64
		check     func(Record) bool
	}{
		"percentage follows from position and duration": {
			Update{CurrentTime: Some(45), Duration: Some(300)}, 95,
			func(r Record) bool { return r.Percentage == 15 && !r.Completed },
		},
		"an explicit percentage wins over position and duration": {
			Update{CurrentTime: Some(45), Duration: Some(300), Percentage: Some(20)}, 95,
			func(r Record) bool { return r.Percentage == 20 },
		},
		"a position behind the end is 100 percent": {
			Update{CurrentTime: Some(301), Duration: Some(300)}, 95,
			func(r Record) bool { return r.Percentage == 100 && r.Completed && r.CompletedAt == received },
		},
		"a duration of zero gives no percentage": {
			Update{CurrentTime: Some(3), Duration: Some(0)}, 95,
			func(r Record) bool { return r.Percentage == 0 },
		},
		"reaching the threshold completes": {
			Update{Percentage: Some(95)}, 95,
			func(r Record) bool { return r.Completed },
		},
		"just below the threshold does not complete": {
			Update{Percentage: Some(94.99)}, 95,
			func(r Record) bool { return !r.Completed && r.CompletedAt == 0 },
		},
		"a clock that runs ahead is pulled back to five seconds": {
			Update{OccurredAt: received + 3_600_000_000}, 95,
			func(r Record) bool { return r.LastWatchedAt == received+5_000_000 },
		},
		"an old update keeps its own time": {
			Update{OccurredAt: received - 3_600_000_000, CurrentTime: Some(1)}, 95,
			func(r Record) bool { return r.PositionStamp.At == received-3_600_000_000 && r.ReceivedAt == received },
		},
		"without a time of its own it happened when it arrived": {
			Update{}, 95,
			func(r Record) bool { return r.FirstWatchedAt == received && r.UpdateCount == 1 },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if r := tt.update.Record(received, tt.threshold); !tt.check(r) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestSumsOfTenthsAreExact(t *testing.T) {
	var sum Record
	for i := range 10 {
		u := Update{WatchedDelta: Some(0.1)}
		sum = Merge(sum, u.Record(Instant(i+1), 95))
	}
	if sum.TimeSpent != 1_000_000 {
		t.Errorf("ten times 0.1 s is %d µs", sum.TimeSpent)
	}
}

func TestRewindOnASecondDeviceSurvives(t *testing.T) {
	first := Update{CurrentTime: Some(240), OccurredAt: 100}.Record(100, 95)
	rewind := Update{CurrentTime: Some(30), OccurredAt: 200}.Record(150, 95)
	late := Update{CurrentTime: Some(235), OccurredAt: 90}.Record(300, 95)
	got := Merge(Merge(first, rewind), late)
	if got.Position != 30 || got.MaxPosition != 240 {
		t.Errorf("position %v, furthest %v", got.Position, got.MaxPosition)
	}
}

func TestReset(t *testing.T) {
	key := Key{UserID: "u", CourseID: "c", LessonID: "l"}
	before := Update{Key: key, CurrentTime: Some(200), SeekEvents: 4}.Record(1000, 95)
	reset := Reset(key, 2000)
	after := Update{Key: key, CurrentTime: Some(5)}.Record(3000, 95)

	t.Run("what was before it is discarded in either order", func(t *testing.T) {
		if got := Merge(before, reset); got != reset {
			t.Errorf("got %+v", got)
		}
		if got := Merge(reset, before.Raise(reset.Generation)); got != reset {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("what another pod accepted after it counts", func(t *testing.T) {
		got := Merge(reset, after.Raise(reset.Generation))
		if got.Position != 5 || got.UpdateCount != 1 || got.Generation != 2000 {
			t.Errorf("got %+v", got)
		}
	})
}
