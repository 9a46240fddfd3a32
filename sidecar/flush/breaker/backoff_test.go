package breaker

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

func TestDecide(t *testing.T) {
	transient := postgres.Failure{Class: postgres.Unreachable, Retry: postgres.Transient}
	hold := postgres.Failure{Class: postgres.NoPrivilege, Retry: postgres.Hold}
	data := postgres.Failure{Class: postgres.BadData, Retry: postgres.Data}
	slow := Backoff{MaxRetries: 3, InitialDelay: 5 * time.Second, MaxDelay: time.Hour, Interval: time.Hour}
	capped := Backoff{MaxRetries: 6, InitialDelay: 5 * time.Second, MaxDelay: 12 * time.Second, Interval: time.Hour}
	quick := Backoff{MaxRetries: 0, InitialDelay: time.Second, MaxDelay: time.Minute, Interval: 2 * time.Second}

	for _, c := range []struct {
		name    string
		failure postgres.Failure
		n       int
		backoff Backoff
		chance  float64
		want    action
	}{
		{"the first failure is retried at once", transient, 1, slow, 0, action{verdictRetry, 0}},
		{"the second waits the initial delay", transient, 2, slow, 0, action{verdictRetry, 5 * time.Second}},
		{"the third waits twice that", transient, 3, slow, 0, action{verdictRetry, 10 * time.Second}},
		{"the fourth waits four times that", transient, 4, slow, 0, action{verdictRetry, 20 * time.Second}},
		{"then the retries are used up", transient, 5, slow, 0, action{verdictPark, time.Minute}},
		{"and probes go on", transient, 500, slow, 0, action{verdictPark, time.Minute}},
		{"delays stop growing at the maximum", transient, 4, capped, 0, action{verdictRetry, 12 * time.Second}},
		{"a probe waits no longer than the maximum delay", transient, 8, capped, 0, action{verdictPark, 12 * time.Second}},
		{"a probe waits no longer than the interval", transient, 2, quick, 0, action{verdictPark, 2 * time.Second}},
		{"without retries one attempt at once comes before parking", transient, 1, quick, 0, action{verdictRetry, 0}},
		{"chance takes up to a fifth off a delay", transient, 3, slow, 0.5, action{verdictRetry, 9 * time.Second}},
		{"what a person must mend is held at the first failure", hold, 1, slow, 0, action{verdictHold, time.Minute}},
		{"and at a later one", hold, 7, slow, 0, action{verdictHold, time.Minute}},
		{"a refusal without a batch is for a person", data, 1, slow, 0, action{verdictHold, time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decide(c.failure, c.n, c.backoff, c.chance); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAHurriedBackoffOnlyShortens(t *testing.T) {
	b := Backoff{InitialDelay: 50 * time.Millisecond, MaxDelay: 10 * time.Minute, Interval: time.Hour}.hurried()
	if b.InitialDelay != 50*time.Millisecond || b.probeInterval() != time.Second {
		t.Errorf("got %+v", b)
	}
}
