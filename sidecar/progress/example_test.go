package progress_test

import (
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Two devices report of one lesson, and the later report arrives first: whatever
// the order, the learner is where the later one says, and nothing is lost.
func ExampleMerge() {
	lesson := progress.Key{UserID: "ada", CourseID: "go-101", LessonID: "channels"}
	const threshold = 95 // percent, at which a lesson is completed

	phone := progress.Update{
		Key: lesson, OccurredAt: 2_000_000, CurrentTime: progress.Some(30), WatchedDelta: progress.Some(5), SeekEvents: 1,
	}.Record(3_000_000, threshold)
	laptop := progress.Update{
		Key: lesson, OccurredAt: 1_000_000, CurrentTime: progress.Some(240), Duration: progress.Some(300), WatchedDelta: progress.Some(10),
	}.Record(4_000_000, threshold)

	merged := progress.Merge(phone, laptop)
	fmt.Println(merged == progress.Merge(laptop, phone))
	fmt.Printf("at %g s, at most %g s, %g %%\n", merged.Position, merged.MaxPosition, merged.Percentage)
	fmt.Printf("%d s watched, %d seek in %d updates\n", merged.TimeSpent/1e6, merged.SeekEvents, merged.UpdateCount)
	// Output:
	// true
	// at 30 s, at most 240 s, 80 %
	// 15 s watched, 1 seek in 2 updates
}
