//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/api/v1alpha1"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestARecordThatPostgresRefusesIsQuarantinedAndTheRestOfItsBatchIsWritten(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	sidecar := c.forward(t, pod.Name)
	send := func(learners ...string) {
		t.Helper()
		items := make([]string, 0, len(learners))
		for _, learner := range learners {
			items = append(items, fmt.Sprintf(`{"userId":%q,"courseId":"go","lessonId":"errors","currentTime":12,"duration":60}`, learner))
		}
		if code, _, answer := c.post(sidecar+"/v1/progress", "application/json", "["+strings.Join(items, ",")+"]"); code != http.StatusOK {
			t.Fatalf("%d: %s", code, answer)
		}
	}
	written := func(learners int) func() error {
		return func() error {
			rows, err := c.rows(t.Context())
			if err != nil {
				return err
			}
			return want("the number of rows", len(rows), learners)
		}
	}
	// The first write makes the table, which then gets a rule of its own.
	send("first")
	kit.EventuallyWithin(t, patience, "the table is there", written(1))
	if err := c.server.Exec(t.Context(), c.database,
		`ALTER TABLE progress_sync.lesson_progress ADD CONSTRAINT no_strangers CHECK (user_id <> 'stranger')`); err != nil {
		t.Fatal(err)
	}
	send("a", "b", "stranger", "c", "d", "e", "f")
	kit.EventuallyWithin(t, patience, "all but the refused record are written", written(1+6))
	document, err := c.sidecar(pod.Name)
	if err != nil {
		t.Fatal(err)
	}
	if document.DeadLetters.Count != 1 {
		t.Errorf("the sidecar counts %d dead letters", document.DeadLetters.Count)
	}
	c.eventuallyPolicy("the policy counts the dead letter", func(p *v1alpha1.ProgressSyncPolicy) error {
		return want("the number of dead letters", p.Status.Records.DeadLetters, 1)
	})
	if err := c.server.Exec(t.Context(), c.database, `DO $$ BEGIN ASSERT (SELECT count(*) FROM progress_sync.lesson_progress WHERE user_id = 'stranger') = 0; END $$`); err != nil {
		t.Error(err)
	}
}
