package progress

import "testing"

func BenchmarkMerge(b *testing.B) {
	u := Update{
		Key: Key{UserID: "u", CourseID: "c", LessonID: "l"}, ModuleID: "m", CurrentTime: Some(12.5), Duration: Some(600),
		WatchedDelta: Some(5), PlaybackSpeed: Some(1.25), PauseEvents: 1,
	}
	held := u.Record(1_700_000_000_000_000, 95)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		held = Merge(held, u.Record(Instant(1_700_000_000_000_000+i), 95))
	}
}
