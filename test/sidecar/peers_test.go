package sidecar

import (
	"fmt"
	"math/rand/v2"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// slow keeps all that is accepted until somebody asks for it.
const slow = `{"sync":{"interval":"1h","flushOnComplete":false}}`

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
