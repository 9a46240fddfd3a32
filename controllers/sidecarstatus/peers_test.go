package sidecarstatus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

func TestWhatSidecarsSayOfEachOther(t *testing.T) {
	failing := func(reason string, long time.Duration) *status.PeersFailure {
		return &status.PeersFailure{Reason: reason, Since: noon.Add(-long)}
	}
	for name, c := range map[string]struct {
		peers *status.Peers
		want  Peers
	}{
		"a program that has none":                    {nil, Peers{Silent: 1}},
		"a configuration in which they are off":      {&status.Peers{Mode: "Off"}, Peers{}},
		"a mode that there is not":                   {&status.Peers{Mode: "<b>"}, Peers{}},
		"one that reaches others":                    {&status.Peers{Mode: "Auto", Members: 3, Reached: 2}, Peers{Told: 1, Peered: 1, Members: 3}},
		"one that does not reach a single one":       {&status.Peers{Mode: "Auto", Members: 3, Reached: 1, Unreached: 1}, Peers{Told: 1, Peered: 1, Members: 3}},
		"one that knows another version":             {&status.Peers{Mode: "Auto", Members: 3, OtherProtocol: 1}, Peers{Told: 1, Peered: 1, Members: 3, OtherProtocol: 1}},
		"one that reaches nobody for minutes":        {&status.Peers{Mode: "Auto", Members: 3, Unreached: 1, Failure: failing("connect", peersPatience)}, Peers{Told: 1, Members: 3, Unreaching: 1}},
		"one that reaches nobody for a moment":       {&status.Peers{Mode: "Auto", Members: 3, Unreached: 1, Failure: failing("connect", time.Minute)}, Peers{Told: 1, Members: 3}},
		"one that has just started":                  {&status.Peers{Mode: "Auto"}, Peers{Told: 1}},
		"one that can't register for a moment":       {&status.Peers{Mode: "Auto", Failure: failing("no_registry", time.Minute)}, Peers{Told: 1}},
		"one that can't register for minutes":        {&status.Peers{Mode: "Auto", Failure: failing("no_registry", time.Hour)}, Peers{Told: 1, Unregistered: map[string]int{"no_registry": 1}}},
		"one whose reason is nothing to be repeated": {&status.Peers{Mode: "Auto", Failure: failing("ada@example.org", time.Hour)}, Peers{Told: 1, Unregistered: map[string]int{"": 1}}},
		"one whose clock is ahead":                   {&status.Peers{Mode: "Auto", Failure: failing("no_port", -time.Hour)}, Peers{Told: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := Summarize([]Answer{answered(func(d *status.Document) { d.Peers = c.peers })}, lms)
			if diff := cmp.Diff(c.want, s.Peers); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandedOnShare(t *testing.T) {
	for _, c := range []struct {
		name               string
		received, handedOn int64
		want               string
	}{
		{"nothing was handed on", 100, 0, ""},
		{"three of four", 1000, 748, "74.8%"},
		{"never rounded up", 100_000, 99_999, "99.9%"},
		{"all", 100, 100, "100.0%"},
		{"homes that are gone had received them", 0, 10, "100.0%"},
	} {
		if got := (Updates{Received: c.received, HandedOn: c.handedOn}).HandedOnShare(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
