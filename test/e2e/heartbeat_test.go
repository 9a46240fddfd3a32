//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/lms/player"
)

func TestSteadyHeartbeatsOnOneKeyAreWrittenOncePerIntervalAndNotNever(t *testing.T) {
	t.Parallel()
	c := newCampus(t)
	c.storeSecret(c.uri())
	c.apply()
	pod := c.start(c.lmsPod("lms-0"))
	// One learner in one lesson that has no end: never quiet, never completed.
	endless := player.Syllabus{Heartbeat: 1, ShortestLesson: 1e6, LongestLesson: 1e6}
	begin := time.Now()
	c.study(pod.Name, 1, endless, 10)

	const writes = 5
	kit.EventuallyWithin(t, patience, "the row was written several times while heartbeats went on", func() error {
		document, err := c.sidecar(pod.Name)
		if err != nil {
			return err
		}
		if document.Counters.RowsWritten < writes {
			return fmt.Errorf("%d writes of %d updates", document.Counters.RowsWritten, document.Counters.UpdatesAccepted)
		}
		return nil
	})
	document, err := c.sidecar(pod.Name)
	if err != nil {
		t.Fatal(err)
	}
	// Between two writes of a key lies an interval, so in this time there
	// cannot be more; the first window may be shortened by the jitter at start.
	if most := int64(time.Since(begin)/interval) + 1; document.Counters.RowsWritten > most {
		t.Errorf("%d writes in %s, at most %d fit in", document.Counters.RowsWritten, time.Since(begin), most)
	}
	c.stopAndSave(pod.Name)
	rows, err := c.rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 {
		t.Fatalf("%d rows of one learner in one lesson", len(rows))
	}
	c.verify()
}
