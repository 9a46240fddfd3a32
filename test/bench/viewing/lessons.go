package viewing

import (
	"fmt"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// LessonHeartbeat is how often the players of Lessons report.
const LessonHeartbeat = 10 * time.Second

// Lessons are those of learners who watch one after the other, of the same length, from
// their beginning to their end, for so long. The learners begin within a heartbeat.
func Lessons(name string, learners int, length, lasting time.Duration) (all []Session) {
	for learner := range learners {
		begin := LessonHeartbeat * time.Duration(learner) / time.Duration(learners)
		for n := 0; time.Duration(n)*length < lasting; n++ {
			s := Session{Key: progress.Key{UserID: fmt.Sprintf("%s-%d", name, learner), CourseID: "course", LessonID: fmt.Sprintf("%s-%d", name, n)}}
			start := time.Duration(n) * length
			for watched := time.Duration(0); watched < length && start+watched < lasting; watched += LessonHeartbeat {
				s.Last = begin + start + watched
				s.Moments = append(s.Moments, Moment{s.Last, progress.Update{
					Key: s.Key, CurrentTime: progress.Some(1 + watched.Seconds()), Duration: progress.Some(length.Seconds()),
				}})
			}
			all = append(all, s)
		}
	}
	return all
}
