package hop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/forward"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/test/kit"
)

func (p *pair) forward(ctx context.Context, method string) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/v1/progress?userId=ada", http.NoBody).WithContext(ctx)
	f := forward.New(forward.Options{Read: time.Minute, Change: time.Minute, Sync: time.Minute})
	return w, f.Forward(w, r, p.link, "X-User-Id")
}

func newPairWithAPI(t *testing.T, times hop.Times, api http.HandlerFunc) *pair {
	t.Helper()
	p := newPair(t, &home{}, times)
	kill(p.server)
	p.doorOptions.API = api
	p.restart(t)
	return p
}

func TestARequestAndABatchShareTheConnection(t *testing.T) {
	p := newPairWithAPI(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.URL, " ", wire.IsHandedOn(r.Context()))
	})
	if _, err := p.put("ada"); err != nil {
		t.Fatal(err)
	}
	w, err := p.forward(t.Context(), http.MethodGet)
	if want := "GET /v1/progress?userId=ada true"; err != nil || w.Body.String() != want {
		t.Fatalf("%q, %v, want %q", w.Body, err, want)
	}
	if n := p.proxy.count(); n != 1 {
		t.Errorf("there are %d connections", n)
	}
}

func TestARequestToAPeerThatCanNotBeReachedFailsUnsent(t *testing.T) {
	p := newPairWithAPI(t, quick(), func(http.ResponseWriter, *http.Request) { t.Error("it arrived") })
	p.server.Stop()
	var u *hop.UnreachableError
	if _, err := p.forward(t.Context(), http.MethodGet); !errors.As(err, &u) || u.Reason != hop.ReasonRefused {
		t.Errorf("a home that stops: %v", err)
	}
	if _, err := p.forward(t.Context(), http.MethodGet); !errors.As(err, &u) || u.Reason != hop.ReasonBreaker {
		t.Errorf("a moment later: %v", err)
	}
}

// Of a home that a read has missed no batch tells, since the breaker keeps them: nobody
// would ask whether it has left.
func TestAPeerThatARequestOrAProbeMissesIsTold(t *testing.T) {
	times := quick()
	times.Answer = time.Millisecond // of an update that goes out while the connection ends
	p := newPairWithAPI(t, times, func(http.ResponseWriter, *http.Request) {})
	if _, err := p.forward(t.Context(), http.MethodGet); err != nil || p.missed.Load() > 0 {
		t.Fatalf("one that answers: %v, told %d times", err, p.missed.Load())
	}
	p.server.Stop()
	if _, err := p.forward(t.Context(), http.MethodGet); err == nil || p.missed.Load() != 1 {
		t.Fatalf("one that stops: %v, told %d times", err, p.missed.Load())
	}
	kill(p.server)
	kit.Eventually(t, "a probe to tell", func() error {
		_, err := p.put("ada")
		return kit.Unless(p.missed.Load() > 1, err)
	})
}

// Two sidecars of which each takes the other for the home would go on for ever.
func TestARequestThatWasHandedOnIsRefusedByTheNextPeer(t *testing.T) {
	p := newPairWithAPI(t, quick(), func(http.ResponseWriter, *http.Request) { t.Error("it arrived") })
	r, err := http.NewRequestWithContext(wire.WithHandedOn(t.Context()), http.MethodGet, "https://peer"+wire.APIPath+"/v1/sync", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	var u *hop.UnreachableError
	answer, err := p.link.RoundTrip(r)
	if !errors.As(err, &u) || u.Reason != hop.ReasonRefused {
		t.Errorf("got %v", err)
	}
	if err == nil {
		_ = answer.Body.Close()
	}
}

func TestARequestThatIsNotAnsweredIsInDoubt(t *testing.T) {
	arrived := make(chan struct{})
	p := newPairWithAPI(t, quick(), func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := p.forward(ctx, http.MethodDelete); !errors.Is(err, hop.ErrInDoubt) {
		t.Errorf("got %v: the home may have done it", err)
	}
	// Which says nothing of the peer.
	if _, err := p.put("ada"); err != nil {
		t.Errorf("a batch afterwards: %v", err)
	}
}

// Pages that wait for a home, or listen to it, leave room for what learners do.
func TestRequestsLeaveRoomToBatches(t *testing.T) {
	const most = wire.MaxStreams - 16
	arrived, release := make(chan struct{}, most), make(chan struct{})
	p := newPairWithAPI(t, quick(), func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	var pages sync.WaitGroup
	for range most {
		pages.Go(func() {
			if _, err := p.forward(t.Context(), http.MethodGet); err != nil {
				t.Error(err)
			}
		})
	}
	for range most {
		<-arrived
	}
	var u *hop.UnreachableError
	if _, err := p.forward(t.Context(), http.MethodGet); !errors.As(err, &u) || u.Reason != hop.ReasonBusy {
		t.Errorf("one more: %v", err)
	}
	if _, err := p.put("ada"); err != nil {
		t.Errorf("a batch: %v", err)
	}
	close(release)
	pages.Wait()
}

// A stream to a home that left would show the state of a sidecar that knows nothing
// of the learner any more.
func TestAStreamEndsSoonAfterThePeerLeft(t *testing.T) {
	times := quick()
	times.Leave = 10 * time.Millisecond
	p := newPairWithAPI(t, times, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://peer"+wire.APIPath+"/v1/sync/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.link.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	p.links.Follow(nil)
	if _, err := io.ReadAll(answer.Body); err == nil {
		t.Error("it ended as if it were complete")
	}
}

// With thousands of pods, connections that nobody uses are what costs.
func TestAConnectionThatNobodyUsesIsClosed(t *testing.T) {
	times := quick()
	times.Idle = time.Millisecond
	p := newPair(t, &home{}, times)
	for range 2 {
		before := p.proxy.count()
		// On a busy machine a connection may be closed before it was used at all.
		kit.Eventually(t, "an update to be handed on", func() error {
			_, err := p.put("ada")
			return err
		})
		kit.Eventually(t, "the connection to be closed", func() error {
			open, opened := 0, p.proxy.count()
			p.proxy.set(func(p *proxy) { open = len(p.conns) })
			return kit.Unless(open == 0 && opened > before, fmt.Sprint(open, " are open of ", opened))
		})
	}
}
