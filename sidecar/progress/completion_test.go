package progress

import "testing"

func TestALessonIsCompletedByWhatWasSeenTogether(t *testing.T) {
	key := Key{UserID: "u", CourseID: "c", LessonID: "l"}
	seen := func(at Instant, from, to float64) *Update {
		return &Update{Key: key, Duration: Some(100), CurrentTime: Some(to), WatchedSegments: SegmentsOf([][2]float64{{from, to}}, 100), OccurredAt: at}
	}
	byWatched := Completion{Threshold: 90, ByWatched: true}
	first, second := byWatched.Record(seen(1000, 0, 50), 1000), byWatched.Record(seen(2000, 50, 100), 2000)
	if first.Completed || second.Completed {
		t.Error("half of it completes it")
	}
	both := byWatched.Of(Merge(first, second))
	if !both.Completed || both.CompletedAt != 2000 {
		t.Errorf("both halves: %v at %d", both.Completed, both.CompletedAt)
	}
	if late := byWatched.Of(Merge(both, byWatched.Record(seen(3000, 0, 9), 3000))); late.CompletedAt != 2000 {
		t.Errorf("it is completed anew at %d", late.CompletedAt)
	}
	if r := byWatched.Record(&Update{Key: key, Completed: true}, 1000); !r.Completed {
		t.Error("an update that says so does not complete it")
	}
	if r := byWatched.Record(&Update{Key: key, Percentage: Some(100)}, 1000); r.Completed {
		t.Error("a percentage completes it")
	}
	if r := (Completion{Threshold: 90}).Record(seen(1000, 0, 95), 1000); !r.Completed {
		t.Error("without ByWatched the position does not complete it")
	}
	if r := (Completion{ByWatched: true}).Record(seen(1000, 0, 100), 1000); r.Completed {
		t.Error("it is completed without a threshold")
	}
}
