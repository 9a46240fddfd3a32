package peers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestTwoSidecarsHandOnToEachOther(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	for _, way := range []struct{ from, to *sidecar }{{a, b}, {b, a}} {
		before := way.from.Status().HandedOn
		accepted := way.to.accepted.Load()
		far, near := learnerOf(way.from, way.to), learnerOf(way.from, way.from)
		results, err := way.from.Put(t.Context(), []progress.Update{of(far, ""), of(near, "")})
		if err != nil || results[0].Record.UserID != far || results[1].Record.UserID != near {
			t.Fatalf("%v, %v", results, err)
		}
		if !results[0].Elsewhere || results[1].Elsewhere {
			t.Errorf("%+v", results)
		}
		if !way.to.holds(far) || way.from.holds(far) || !way.from.holds(near) || way.to.holds(near) {
			t.Error("an update is not where its home is")
		}
		if got := way.from.Status(); got.HandedOn != before+1 || !got.Peered() || got.Reached != 1 {
			t.Errorf("%+v", got)
		}
		if got := way.to.accepted.Load(); got != accepted+1 {
			t.Errorf("the home counts %d", got-accepted)
		}
		if _, err := way.from.Reset(t.Context(), []progress.Key{of(far, "").Key}); err != nil {
			t.Error(err)
		}
	}
}

func TestARequestIsAnsweredByTheLearnersHome(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	ask := func(s *sidecar, learner string, handedOn bool) (answer string, answered, missed bool) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/progress?userId="+learner, http.NoBody)
		if handedOn {
			r = r.WithContext(wire.WithHandedOn(r.Context()))
		}
		answered, missed = s.Forward(w, r, learner, "")
		return w.Body.String(), answered, missed
	}
	far := learnerOf(a, b)
	// A busy machine may take longer than a page waits.
	kit.Eventually(t, "the home to answer", func() error {
		answer, answered, missed := ask(a, far, false)
		return kit.Unless(answer == "b" && answered && !missed, fmt.Sprintf("%q, %t, %t", answer, answered, missed))
	})
	// For a moment after its start a sidecar says of all learners that it may be behind.
	own := learnerOf(a, a)
	kit.Eventually(t, "an own learner to be answered for", func() error {
		answer, answered, missed := ask(a, own, false)
		return kit.Unless(answer == "" && !answered && !missed, fmt.Sprintf("%q, %t, %t", answer, answered, missed))
	})
	if answer, answered, _ := ask(a, far, true); answer != "" || answered {
		t.Errorf("a second hop: %q, %t", answer, answered)
	}
	b.stop()
	if answer, answered, missed := ask(a, far, false); answer != "" || answered || !missed {
		t.Errorf("of a home that is gone: %q, %t, %t", answer, answered, missed)
	}
}

// A home is never needed.

func TestWhatAHomeThatIsGoneShouldHaveIsKept(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	named, nameless := learnerOf(a, b), learnerOf(a, b)
	b.stop()
	before := keptBy(a)
	for _, u := range []progress.Update{of(named, "e"), of(nameless, "")} {
		if r := a.put(u); r.Err != nil || r.Elsewhere || !a.holds(u.UserID) {
			t.Errorf("%+v", r)
		}
	}
	if strays := a.buffer.Stats().Strays; strays != 1 {
		t.Errorf("%d strays", strays)
	}
	if kept := keptBy(a) - before; kept != 2 {
		t.Errorf("%d are kept: %+v", kept, a.Status())
	}
	if left, err := a.BringStraysHome(t.Context()); !left || err != nil {
		t.Fatalf("some are left: %v, %v", left, err)
	}
	if err := a.KeepStrays(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stats := a.buffer.Stats(); stats.Strays != 0 || stats.PendingUpdates < 2 {
		t.Errorf("after KeepStrays: %+v", stats)
	}
}

func keptBy(s *sidecar) (kept int64) {
	for _, n := range s.Status().KeptLocally {
		kept += n
	}
	return kept
}

// The registry is asked first: a stray of the time before a restart may be at its home

// already, and would count twice as an own record.

func TestAllOthersAreAskedAndNobodyWhereThereAreNone(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	if diff := cmp.Diff([]string{"b"}, told(a)); diff != "" {
		t.Error(diff)
	}
	if all := told(newSidecar(t, newTable(), config.PeersAuto)); all != nil {
		t.Errorf("before the first term: %v", all)
	}
	b.SetMode(config.PeersOff)
	kit.Eventually(t, "b to be alone", func() error {
		set, known := b.term.Load().known()
		return kit.Unless(known && set.Len() == 0, set.Len())
	})
	if all := told(b); all != nil {
		t.Errorf("with the mode Off: %v", all)
	}
}

// told are the bodies of what all others answer.
func told(s *sidecar) (all []string) {
	for _, answer := range s.All(httptest.NewRequest(http.MethodGet, "/v1/progress", http.NoBody)) {
		if answer == nil {
			all = append(all, "nothing")
			continue
		}
		all = append(all, string(answer))
	}
	return all
}

// A stream goes on for as long as its learner's home is the same, and not for longer.

// What comes while a term begins or ends may go either way, once.

// One stranger must not look like two.
