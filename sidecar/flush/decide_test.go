package flush

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func TestDecide(t *testing.T) {
	transient := postgres.Failure{Class: postgres.Unreachable, Retry: postgres.Transient}
	hold := postgres.Failure{Class: postgres.NoPrivilege, Retry: postgres.Hold}
	data := postgres.Failure{Class: postgres.BadData, Retry: postgres.Data}
	slow := Policy{MaxRetries: 3, InitialDelay: 5 * time.Second, MaxDelay: time.Hour, Interval: time.Hour}
	capped := Policy{MaxRetries: 6, InitialDelay: 5 * time.Second, MaxDelay: 12 * time.Second, Interval: time.Hour}
	quick := Policy{MaxRetries: 0, InitialDelay: time.Second, MaxDelay: time.Minute, Interval: 2 * time.Second}

	for _, c := range []struct {
		name    string
		failure postgres.Failure
		n       int
		policy  Policy
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
			if got := decide(c.failure, c.n, c.policy, c.chance); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestHurriedPolicyOnlyShortens(t *testing.T) {
	p := Policy{InitialDelay: 50 * time.Millisecond, MaxDelay: 10 * time.Minute, Interval: time.Hour}.hurried()
	if p.InitialDelay != 50*time.Millisecond || p.probeInterval() != time.Second {
		t.Errorf("got %+v", p)
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name            string
		ledger, applied uint64
		frozen          []uint64 // their ids are 100 more
		id              uint64   // that the ledger names
		want            move
	}{
		{"a new spool and a new row", 0, 0, nil, 0, moveOn},
		{"a new row and a first batch that was not sent", 0, 0, []uint64{1}, 0, moveOn},
		{"the last confirmed batch is the last applied", 7, 7, []uint64{8}, 0, moveOn},
		{"the answer to the first frozen batch was lost", 8, 7, []uint64{8}, 0, moveConfirm},
		{"the answers to several were lost", 9, 7, []uint64{8, 9, 10}, 0, moveConfirm},
		{"the halves of a split batch have numbers after a gap", 10, 7, []uint64{10, 11}, 0, moveConfirm},
		{"the database fell back", 5, 7, []uint64{8}, 0, moveReplay},
		{"the row is gone", 0, 7, nil, 0, moveReplay},
		{"the ledger is ahead of an old spool", 9, 7, nil, 0, moveHold},
		{"the ledger is ahead of an old spool's frozen batch", 9, 7, []uint64{8}, 0, moveHold},
		{"the first frozen batch is the one that the ledger names", 8, 7, []uint64{8}, 108, moveConfirm},
		{"a copy of the spool has written another batch of that number", 8, 7, []uint64{8}, 555, moveHold},
		{"the ledger stands at a number that was given up", 8, 7, []uint64{9, 10}, 0, moveHold},
	} {
		t.Run(c.name, func(t *testing.T) {
			var frozen []progress.Batch
			for _, n := range c.frozen {
				frozen = append(frozen, progress.Batch{Number: n, ID: n + 100})
			}
			if got := compare(place{c.ledger, c.id}, c.applied, frozen); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
