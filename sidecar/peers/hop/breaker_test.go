package hop

import (
	"testing"
	"time"
)

func TestAPeerIsAwayFromItsFirstFailureOnUntilACallSucceeds(t *testing.T) {
	times := Times{OpenFirst: time.Second, OpenMost: 30 * time.Second}
	start := time.Unix(1_772_359_200, 0)
	var b breaker
	b.failed(start, times)
	b.ask(start.Add(time.Second))
	b.failed(start.Add(2*time.Second), times)
	b.ask(start.Add(time.Minute))
	b.probed()
	if away := b.openFor(start.Add(time.Minute)); away != time.Minute {
		t.Errorf("away for %s after a minute", away)
	}
	b.succeeded()
	if away := b.openFor(start.Add(time.Minute)); away != 0 {
		t.Errorf("away for %s after a success", away)
	}
}

func TestTheBreakerLetsNobodyWaitForAPeerThatFailed(t *testing.T) {
	times := Times{OpenFirst: time.Second, OpenMost: 30 * time.Second}
	start := time.Unix(1_772_359_200, 0)
	type step struct {
		after time.Duration // since the step before
		do    string        // failed, succeeded, undecided or probed; or ask
		want  verdict       // of ask
	}
	for name, steps := range map[string][]step{
		"calls pass while nothing failed":                      {{0, "ask", pass}, {0, "ask", pass}},
		"a failure refuses calls for a second":                 {{0, "failed", 0}, {999 * time.Millisecond, "ask", refuse}},
		"then one call sets off the probe, and falls back too": {{0, "failed", 0}, {time.Second, "ask", probe}, {0, "ask", refuse}},
		"a probe that reached the peer lets one call try":      {{0, "failed", 0}, {time.Second, "ask", probe}, {0, "probed", 0}, {0, "ask", pass}, {0, "ask", refuse}},
		"a trial that succeeded lets all pass": {
			{0, "failed", 0}, {time.Second, "ask", probe}, {0, "probed", 0}, {0, "ask", pass}, {0, "succeeded", 0}, {0, "ask", pass}, {0, "ask", pass},
		},
		"a trial that told nothing is followed by another": {
			{0, "failed", 0}, {time.Second, "ask", probe}, {0, "probed", 0}, {0, "ask", pass}, {0, "undecided", 0}, {0, "ask", pass}, {0, "ask", refuse},
		},
		"a probe that failed doubles the pause": {
			{0, "failed", 0}, {time.Second, "ask", probe}, {0, "failed", 0}, {1999 * time.Millisecond, "ask", refuse}, {time.Millisecond, "ask", probe},
		},
		"a trial that failed doubles the pause": {
			{0, "failed", 0}, {time.Second, "ask", probe}, {0, "probed", 0}, {0, "ask", pass}, {0, "failed", 0},
			{1999 * time.Millisecond, "ask", refuse}, {time.Millisecond, "ask", probe},
		},
		"calls that passed before and fail at once count once": {
			{0, "failed", 0}, {0, "failed", 0}, {0, "failed", 0}, {time.Second, "ask", probe},
		},
		"the pause is never longer than half a minute": {
			{0, "failed", 0}, {time.Minute, "ask", probe}, {0, "failed", 0}, {time.Minute, "ask", probe}, {0, "failed", 0}, {time.Minute, "ask", probe}, {0, "failed", 0},
			{time.Minute, "ask", probe}, {0, "failed", 0}, {time.Minute, "ask", probe}, {0, "failed", 0}, {time.Minute, "ask", probe}, {0, "failed", 0},
			{30*time.Second - 1, "ask", refuse}, {1, "ask", probe},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b breaker
			now := start
			for i, s := range steps {
				now = now.Add(s.after)
				switch s.do {
				case "failed":
					b.failed(now, times)
				case "succeeded":
					b.succeeded()
				case "undecided":
					b.undecided()
				case "probed":
					b.probed()
				default:
					if got := b.ask(now); got != s.want {
						t.Fatalf("step %d: the verdict is %d, want %d", i, got, s.want)
					}
				}
			}
		})
	}
}
