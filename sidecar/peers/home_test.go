package peers

import (
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/route"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// all merges what any learner does.
type all struct{}

func (all) Merges(string) bool { return true }

// The counters' sums over all sidecars tell how many writes were saved: an update that
// is counted for each time that it was on its way would make that look better.
func TestAnUpdateCountsOnceHoweverOftenItIsHandedOn(t *testing.T) {
	t.Parallel()
	s := newSidecar(t, newTable(), config.PeersOff)
	s.buffer.SetPolicy(buffer.Policy{Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), EventIDs: buffer.EventIDs{MaxCount: 100}})
	h := &home{&s.o, func() (route.Merger, func()) { return all{}, func() {} }, func(string) bool { return false }}
	handOn := func(number uint64, updates ...progress.Update) {
		t.Helper()
		if _, err := h.PutFrom(t.Context(), [16]byte{1}, number, updates, nil); err != nil {
			t.Fatal(err)
		}
	}
	handOn(1, of("ada", "e"), of("ada", ""))
	handOn(1, of("ada", "e"), of("ada", "")) // since the answer was lost
	handOn(2, of("ada", "e"), of("bob", "")) // the first one is a stray that was in doubt
	handOn(2, of("ada", "e"), of("bob", ""))
	hint := progress.Update{Key: of("ada", "").Key, Leaving: true}
	handOn(3, hint)
	handOn(3, hint)
	if accepted, repeated := s.accepted.Load(), s.repeated.Load(); accepted != 4 || repeated != 1 {
		t.Errorf("%d are counted as accepted and %d as repeated", accepted, repeated)
	}
}
