package run

import "testing"

func TestWhatADrainHasComeTo(t *testing.T) {
	for name, c := range map[string]struct {
		in   drainResult
		want string
	}{
		"everything is done": {
			drainResult{accepted: 3}, "drained: all 3 updates accepted are saved in Postgres",
		},
		"records are in quarantine": {
			drainResult{accepted: 3, deadLetters: 1, spool: "/spool"},
			"drained: 3 updates were accepted; all are saved in Postgres but 1 records that it refused, which stay in quarantine at /spool",
		},
		"records are left": {
			drainResult{accepted: 3, records: 2, reason: "It is away.", spool: "/spool"},
			"2 records stay in the spool at /spool: It is away.",
		},
		"erasures are left": {
			drainResult{accepted: 3, erasures: 1, erasureReason: "It refuses.", spool: "/spool"},
			"1 erasures of learners are not done in Postgres and stay in the spool at /spool: It refuses. " +
				"Order them again if the spool goes with the pod. All 3 updates accepted are saved in Postgres",
		},
		"erasures and records are left": {
			drainResult{accepted: 3, records: 2, reason: "It is away.", erasures: 1, erasureReason: "It is away.", spool: "/spool"},
			"1 erasures of learners are not done in Postgres and stay in the spool at /spool: It is away. " +
				"Order them again if the spool goes with the pod. 2 records stay in the spool at /spool: It is away.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.in.String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
