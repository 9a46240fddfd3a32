package hop_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func hinted() []progress.Update {
	updates := []progress.Update{update("ada"), update("ben"), update("cem")}
	updates[1].Leaving, updates[2].SyncWithin = true, progress.Some(20)
	return updates
}

// Without its hints at home, a learner who leaves waits for the interval wherever
// another pod had the request.
func TestHintsReachTheHome(t *testing.T) {
	p := newPair(t, &home{}, quick())
	if _, err := p.link.Put(t.Context(), hinted()); err != nil {
		t.Fatal(err)
	}
	want := []wire.Hint{{Index: 1, Leaving: true}, {Index: 2, SyncWithin: progress.Some(20)}}
	p.home.mu.Lock()
	defer p.home.mu.Unlock()
	if diff := cmp.Diff(want, p.home.hinted); diff != "" {
		t.Errorf("the home got other hints:\n%s", diff)
	}
}

func TestWhatWasSeenReachesTheHome(t *testing.T) {
	p := newPair(t, &home{}, quick())
	updates := hinted()
	updates[0].WatchedSegments = progress.SegmentsOf([][2]float64{{0, 12}}, 300)
	results, err := p.link.Put(t.Context(), updates)
	if err != nil {
		t.Fatal(err)
	}
	if got := results[0].Record.Segments; got != updates[0].WatchedSegments {
		t.Errorf("the home's answer has %v", got)
	}
}

// In a rolling upgrade, a home that knows no segments would refuse the whole batch, and so
// would a sender an answer with some.
func TestAPeerThatKnowsNoSegmentsGetsNone(t *testing.T) {
	bodies := make(chan []byte, 1)
	link := linkTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies <- body
		_, _ = w.Write(wire.AppendResults(nil, make([]buffer.Result, 3)))
	}, hop.DefaultTimes(), wire.ReadsHints)
	updates := hinted()
	updates[0].WatchedSegments = progress.SegmentsOf([][2]float64{{0, 12}}, 300)
	if _, err := link.Put(t.Context(), updates); err != nil {
		t.Fatal(err)
	}
	b, err := wire.Decode(<-bodies)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hinted(), b.Updates); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// In a rolling upgrade, a home that knows no hints would refuse the whole batch.
func TestAHomeThatKnowsNoHintsGetsNone(t *testing.T) {
	bodies := make(chan []byte, 1)
	link := linkTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies <- body
		_, _ = w.Write(wire.AppendResults(nil, make([]buffer.Result, 3)))
	}, hop.DefaultTimes())
	if _, err := link.Put(t.Context(), hinted()); err != nil {
		t.Fatal(err)
	}
	body := <-bodies
	b, err := wire.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	unhinted := wire.AppendHead(nil, wire.Head{Sender: b.Sender, Number: b.Number, Kind: wire.Updates, Count: 3})
	for _, user := range []string{"ada", "ben", "cem"} {
		u := update(user)
		unhinted = wire.AppendUpdate(unhinted, &u)
	}
	if diff := cmp.Diff(unhinted, body); diff != "" {
		t.Errorf("it got something else than the updates:\n%s", diff)
	}
}
