package webhookconfig

import (
	"testing"
	"time"
)

func TestAConfigurationRestsAfterItWasAppliedTheLongerTheLargerItIs(t *testing.T) {
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	var p pace
	if wait := p.wait("a", now); wait != 0 {
		t.Errorf("the first change waits %s", wait)
	}
	p.applied("a", 1, now)
	p.applied("b", 500, now)
	p.applied("c", 1_000_000, now)
	for name, want := range map[string]time.Duration{"a": restPerEntry, "b": 500 * restPerEntry, "c": maxRest, "d": 0} {
		if wait := p.wait(name, now); wait != want {
			t.Errorf("%s waits %s, want %s", name, wait, want)
		}
	}
	if wait := p.wait("b", now.Add(time.Minute)); wait != 0 {
		t.Errorf("a change that comes alone waits %s", wait)
	}
}
