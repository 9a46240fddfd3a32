package sidecar

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// An LMS that calls one sidecar before it hands over its records would else find those
// missing that other sidecars hold.
func TestOneForcedSyncSavesWhatEverySidecarHolds(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 4)
	const learners = 60
	for learner := range learners {
		fleet[0].post(t, fmt.Sprintf(`{"userId":"learner-%d","courseId":"c","lessonId":"l","currentTime":1,"duration":10}`, learner))
	}
	if code, answer := fleet[0].do(t, "POST", "/v1/sync", ""); code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
	if rows := pgtest.Value[int64](t, pgtest.Connect(t, uri), "SELECT count(*) FROM progress_sync.lesson_progress"); rows != learners {
		t.Errorf("%d learners are saved, want %d", rows, learners)
	}
}

func TestAForcedSyncFailsWhileASidecarDoesNotConfirm(t *testing.T) {
	t.Parallel()
	fleet := newFleet(t, pgtest.Database(t), slow, 3)
	fleet[2].Kill()
	code, answer := fleet[0].do(t, "POST", "/v1/sync?timeout=5s", "")
	if code != http.StatusServiceUnavailable || !strings.Contains(answer, "1 of 2 other sidecars did not confirm") {
		t.Errorf("%d %s", code, answer)
	}
	code, answer = fleet[0].do(t, "DELETE", "/v1/users/ada", "")
	if code != http.StatusAccepted || !strings.Contains(answer, `"peers":{"asked":2,"confirmed":1,`) {
		t.Errorf("%d %s", code, answer)
	}
}

// What a learner did must be gone from every spool, and not come back from one.
func TestAnErasureThroughOneSidecarReachesEverySidecar(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 4)
	for learner := range 8 {
		fleet[learner%4].post(t, fmt.Sprintf(`{"userId":"learner-%d","courseId":"c","lessonId":"l","currentTime":1,"duration":10}`, learner))
	}
	for learner := range 8 {
		code, answer := fleet[0].do(t, "DELETE", fmt.Sprintf("/v1/users/learner-%d", learner), "")
		if code != http.StatusOK || !strings.Contains(answer, `"peers":{"asked":3,"confirmed":3}`) {
			t.Errorf("%d %s", code, answer)
		}
	}
	for i, p := range fleet {
		var state struct{ PendingUpdates int }
		if code, answer := p.do(t, "GET", "/v1/sync", ""); code != http.StatusOK || json.Unmarshal([]byte(answer), &state) != nil || state.PendingUpdates != 0 {
			t.Errorf("sidecar %d: %d %s", i, code, answer)
		}
	}
	saved(t, fleet[0])
	if rows := pgtest.Value[int64](t, pgtest.Connect(t, uri), "SELECT count(*) FROM progress_sync.lesson_progress"); rows != 0 {
		t.Errorf("%d erased learners are saved", rows)
	}
}
