package sidecar

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// slow keeps all that is accepted until somebody asks for it.
const slow = `{"sync":{"interval":"1h","flushOnComplete":false}}`

func TestWhatIsWrittenThroughOneSidecarIsReadAtOnceThroughAnother(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, pgtest.Database(t), slow, 4)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for try := range 100 {
				learner := fmt.Sprintf("learner-%d-%d", worker, try%10)
				second := 1 + try
				fleet[random.IntN(len(fleet))].post(t, fmt.Sprintf(`{"userId":%q,"courseId":"c","lessonId":"l","currentTime":%d,"duration":1000}`, learner, second))
				code, body := fleet[random.IntN(len(fleet))].do(t, "GET", "/v1/progress?userId="+learner, "")
				var answer struct {
					Progress []struct{ PositionSeconds float64 }
					Stale    bool
				}
				if err := json.Unmarshal([]byte(body), &answer); err != nil || code != 200 {
					t.Errorf("%d %s", code, body)
					return
				}
				if answer.Stale || len(answer.Progress) != 1 || answer.Progress[0].PositionSeconds != float64(second) {
					t.Errorf("after second %d: %s", second, body)
				}
			}
		})
	}
	all.Wait()
}

func TestALearnerWhoseRequestsGoToAnySidecarIsOneRowInOneWrite(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 4)
	const learners, updates = 50, 20
	for n := range updates {
		for learner := range learners {
			fleet[rand.IntN(len(fleet))].post(t, fmt.Sprintf(
				`{"userId":"learner-%d","courseId":"c","lessonId":"l","currentTime":%d,"duration":1000,"watchedDelta":1,"eventId":"e%d"}`, learner, n, n))
		}
	}
	for _, p := range fleet {
		saved(t, p)
	}
	conn := pgtest.Connect(t, uri)
	rows := pgtest.Value[int64](t, conn, "SELECT count(*) FROM progress_sync.lesson_progress")
	versions := pgtest.Value[int64](t, conn, "SELECT count(*) FROM progress_sync.lesson_progress WHERE update_count = $1", updates)
	if rows != learners || versions != learners {
		t.Errorf("%d rows, %d of them with all updates; want %d", rows, versions, learners)
	}
}
