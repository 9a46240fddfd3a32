package sidecarstatus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

func TestWhatSidecarsSayOfTheWebhook(t *testing.T) {
	failing := func(reason string, code int, long time.Duration) *status.SendingFailure {
		return &status.SendingFailure{Reason: reason, Status: code, Since: noon.Add(-long)}
	}
	since := func(long time.Duration) *time.Time { at := noon.Add(-long); return &at }
	failed := func(reason string, code int, long time.Duration) map[string]SendingFailure {
		return map[string]SendingFailure{reason: {Sidecars: 1, Status: code, Since: noon.Add(-long)}}
	}
	for name, c := range map[string]struct {
		webhook *status.Sending
		want    Sending
	}{
		"none":                                {nil, Sending{}},
		"one that sends":                      {&status.Sending{Held: 4, OldestSeconds: 60, SetAside: 2}, Sending{Told: 1, Held: 4, Oldest: noon.Add(-time.Minute), SetAside: 2}},
		"one that has just seen a lane stand": {&status.Sending{Held: 3, Standing: 1, StandingSince: since(time.Second)}, Sending{Told: 1, Held: 3}},
		"one that has seen it for long":       {&status.Sending{Held: 3, Standing: 1, StandingSince: since(time.Hour)}, Sending{Told: 1, Held: 3, Standing: 1}},
		"a receiver that restarts":            {&status.Sending{Failure: failing(status.SendingUnreachable, 0, time.Second)}, Sending{Told: 1}},
		"one that is away":                    {&status.Sending{Failure: failing(status.SendingUnreachable, 0, time.Hour)}, Sending{Told: 1, Failures: failed("unreachable", 0, time.Hour)}},
		"one that refuses":                    {&status.Sending{Failure: failing(status.SendingRefused, 500, time.Hour)}, Sending{Told: 1, Failures: failed("refused", 500, time.Hour)}},
		"denied is told at once":              {&status.Sending{Failure: failing(status.SendingDenied, 401, 0)}, Sending{Told: 1, Failures: failed("denied", 401, 0)}},
		"410 is told at once":                 {&status.Sending{Failure: failing(status.SendingGone, 410, 0)}, Sending{Told: 1, Failures: failed("gone", 410, 0)}},
		"without a database what it last saw is old": {
			&status.Sending{OldestSeconds: 60, SetAside: 2, Failure: failing(status.SendingNoDatabase, 0, time.Hour)},
			Sending{Told: 1, Failures: failed("no_database", 0, time.Hour)},
		},
		"a reason that is not repeated": {&status.Sending{Failure: failing("ada@example.org", 0, time.Hour)}, Sending{Told: 1}},
		"numbers that can't be":         {&status.Sending{Held: 400, Standing: -1, StandingSince: since(time.Hour), OldestSeconds: -5, SetAside: -1}, Sending{Told: 1, Held: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Summarize([]Answer{answered(func(d *status.Document) { d.Webhook, d.XAPI = c.webhook, c.webhook })}, lms)
			for _, got := range []Sending{s.Webhook, s.XAPI} {
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}
