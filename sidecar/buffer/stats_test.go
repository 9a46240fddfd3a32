package buffer

import (
	"testing"
	"time"
)

// Nobody would be told that a record waits although its time has come, or somebody
// would be for every record that merely waits for its window to end.
func TestWhatIsLateIsToldOf(t *testing.T) {
	b := newRig(t)
	p := b.policy.Load()
	in := p.Interval + p.Linger
	late := func(what string, want time.Duration) {
		t.Helper()
		if got := b.Stats().Overdue; got != want {
			t.Errorf("%s: %s late", what, got)
		}
	}
	late("without a record", 0)
	b.put(at(1, 1))
	late("a record that has come", 0)
	b.clock.Advance(in)
	late("a record that is due", 0)
	b.clock.Advance(7 * time.Second)
	b.put(at(2, 1))
	late("a record that nobody has taken", 7*time.Second)
	batches := b.freezeAll(1)
	b.clock.Advance(time.Second)
	late("a record in a batch that is not confirmed", 8*time.Second)
	if c := b.Stats().Classes; len(c) != 1 || c[0].Pending != 1 || c[0].Oldest == 0 || c[0].Interval != p.Interval || c[0].NextDue.IsZero() {
		t.Errorf("classes %+v", c)
	}
	b.confirm(batches...)
	late("a record that waits for its window to end", 0)
}
