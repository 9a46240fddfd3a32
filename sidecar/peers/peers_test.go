package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
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
	if answer, answered, missed := ask(a, far, false); answer != "b" || !answered || missed {
		t.Errorf("%q, %t, %t", answer, answered, missed)
	}
	if answer, answered, missed := ask(a, learnerOf(a, a), false); answer != "" || answered || missed {
		t.Errorf("of an own learner: %q, %t, %t", answer, answered, missed)
	}
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

func TestTheModeTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	registry, a, b := pair(t)
	learner := learnerOf(b, a)
	b.SetMode(config.PeersOff)
	kit.Eventually(t, "b to leave the registry", func() error {
		m, there := registry.row(b.o.Writer)
		return kit.Unless(!there, m)
	})
	if r := b.put(of(learner, "")); r.Elsewhere || !b.holds(learner) {
		t.Errorf("with the mode Off: %+v", r)
	}
	if got := b.Status(); got.Mode != config.PeersOff || got.Candidates != 0 || got.Failure != nil {
		t.Errorf("%+v", got)
	}
	b.SetMode(config.PeersAuto)
	b.knows(2)
	b.reaches(a)
}

func TestWithoutPeersStraysBecomeOwnRecords(t *testing.T) {
	t.Parallel()
	s := newSidecar(t, newTable(), config.PeersOff)
	if _, err := s.buffer.PutStray(t.Context(), []progress.Update{of("ada", "e")}); err != nil {
		t.Fatal(err)
	}
	s.run("s")
	kit.Eventually(t, "no strays", func() error {
		stats := s.buffer.Stats()
		return kit.Unless(stats.Strays == 0 && stats.Pending == 1, stats)
	})
}

// The registry is asked first: a stray of the time before a restart may be at its home
// already, and would count twice as an own record.
func TestAStrayOfBeforeTheStartWaitsForTheRegistry(t *testing.T) {
	t.Parallel()
	registry := newTable()
	registry.away = true
	s := newSidecar(t, registry, config.PeersAuto)
	if _, err := s.buffer.PutStray(t.Context(), []progress.Update{of("ada", "e")}); err != nil {
		t.Fatal(err)
	}
	s.run("s")
	kit.Eventually(t, "a failure", func() error {
		got := s.Status()
		return kit.Unless(got.Failure != nil && got.Failure.Reason == status.PeersNoRegistry && !got.Peered(), got)
	})
	if _, known := s.term.Load().known(); known || s.buffer.Stats().Strays != 1 {
		t.Errorf("%+v", s.buffer.Stats())
	}
	if r := s.put(of("ada", "")); r.Err != nil || r.Elsewhere {
		t.Errorf("and an update: %+v", r)
	}
}

func TestASidecarThatLeavesIsNoHomeAnyMore(t *testing.T) {
	t.Parallel()
	registry, a, b := pair(t)
	own, named, nameless := learnerOf(a, a), learnerOf(b, a), learnerOf(b, a)
	a.Leave(t.Context())
	if m, _ := registry.row(a.o.Writer); !m.Leaving {
		t.Errorf("the others are told %+v", m)
	}
	kit.Eventually(t, "a not to be its own candidate", func() error {
		return kit.Unless(len(a.set().Candidates()) == 1, a.set().Candidates())
	})
	if r := a.put(of(own, "")); !r.Elsewhere || !b.holds(own) {
		t.Errorf("what it gets from its app: %+v", r)
	}
	// b is not told yet.
	for _, u := range []progress.Update{of(named, "e"), of(nameless, "")} {
		if r := b.put(u); r.Err != nil || r.Elsewhere || a.holds(u.UserID) {
			t.Errorf("what others would hand on: %+v", r)
		}
	}
	if strays := b.buffer.Stats().Strays; strays != 1 {
		t.Errorf("%d strays", strays)
	}
	// A configuration that comes late does not begin a term.
	a.SetMode(config.PeersOff)
	a.SetMode(config.PeersAuto)
	if m, _ := registry.row(a.o.Writer); !m.Leaving {
		t.Errorf("it has enrolled again: %+v", m)
	}
}

func TestASidecarThatIsLeavingHasNoPeersAgain(t *testing.T) {
	t.Parallel()
	registry := newTable()
	s := newSidecar(t, registry, config.PeersAuto)
	s.Leave(t.Context())
	if err := s.runTerm(t.Context(), nil, http.NotFoundHandler()); err != nil {
		t.Fatal(err)
	}
	if mode, _ := s.wanted(); mode != config.PeersOff || s.term.Load() != nil || len(registry.rows) > 0 {
		t.Errorf("%s, %v", mode, registry.rows)
	}
}

func TestAPortThatIsTakenIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	s := newSidecar(t, newTable(), config.PeersAuto)
	s.retry = time.Millisecond
	var lc net.ListenConfig
	taken, err := lc.Listen(t.Context(), "tcp", s.o.Address.String())
	if err != nil {
		t.Fatal(err)
	}
	s.run("s")
	var since time.Time
	kit.Eventually(t, "the failure to be told", func() error {
		got := s.Status()
		if got.Failure == nil || got.Failure.Reason != status.PeersPortTaken {
			return kit.Unless(false, got)
		}
		since = got.Failure.Since
		return nil
	})
	if r := s.put(of("ada", "")); r.Err != nil || !s.holds("ada") {
		t.Errorf("%+v", r)
	}
	if got := s.Status().Failure; !got.Since.Equal(since) {
		t.Errorf("after further tries it fails since %v, not %v", got.Since, since)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	s.knows(1)
}

func TestWithoutAnAddressThereAreNoPeers(t *testing.T) {
	t.Parallel()
	s := newSidecar(t, newTable(), config.PeersAuto)
	s.o.Address = netip.AddrPort{}
	s.run("s")
	kit.Eventually(t, "the failure to be told", func() error {
		got := s.Status()
		return kit.Unless(got.Failure != nil && got.Failure.Reason == status.PeersNoPort, got)
	})
}

func TestAllOthersAreAskedAndNobodyWhereThereAreNone(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	if diff := cmp.Diff([]string{"b"}, told(t, a)); diff != "" {
		t.Error(diff)
	}
	if all := told(t, newSidecar(t, newTable(), config.PeersAuto)); all != nil {
		t.Errorf("before the first term: %v", all)
	}
	b.SetMode(config.PeersOff)
	kit.Eventually(t, "b to be alone", func() error {
		set, known := b.term.Load().known()
		return kit.Unless(known && set.Len() == 0, set.Len())
	})
	if all := told(t, b); all != nil {
		t.Errorf("with the mode Off: %v", all)
	}
}

// told are the bodies of what all others answer.
func told(t *testing.T, s *sidecar) (all []string) {
	t.Helper()
	for _, answer := range s.All(httptest.NewRequest(http.MethodGet, "/v1/progress", http.NoBody)) { //nolint:bodyclose // it is in memory
		if answer == nil {
			all = append(all, "nothing")
			continue
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.Body.Close() != nil {
			t.Error(err)
		}
		all = append(all, string(text))
	}
	return all
}

// A stream goes on for as long as its learner's home is the same, and not for longer.
func TestWhatBelongsToAHomeEndsWithTheTerm(t *testing.T) {
	t.Parallel()
	_, a, b := pair(t)
	far, endFar := b.WhileHome(t.Context(), learnerOf(b, a))
	defer endFar()
	near, endNear := b.WhileHome(t.Context(), learnerOf(b, b))
	defer endNear()
	b.SetMode(config.PeersOff)
	kit.Eventually(t, "the end of what belongs to the other home", func() error { return kit.Unless(far.Err() != nil, nil) })
	if near.Err() != nil {
		t.Error("what belongs to this home has ended")
	}
	alone, endAlone := b.WhileHome(t.Context(), "ada")
	endAlone()
	if alone.Err() == nil {
		t.Error("its end is not the end")
	}
}

// What comes while a term begins or ends may go either way, once.
func TestNothingIsLostOrDoubledWhileTheModeChanges(t *testing.T) {
	t.Parallel()
	registry, a, b := pair(t)
	ctx, done := context.WithCancel(t.Context())
	defer done()
	var writing sync.WaitGroup
	accepted := make([]map[string]int64, 4) // updates by learner
	for worker := range accepted {
		accepted[worker] = map[string]int64{}
		writing.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				learner := fmt.Sprintf("worker-%d-%d", worker, n%20)
				results, err := b.Put(t.Context(), []progress.Update{of(learner, fmt.Sprint("e", n))})
				if err != nil || results[0].Err != nil {
					t.Errorf("%v, %v", results, err)
					return
				}
				accepted[worker][learner]++
			}
		})
	}
	for range 2 {
		b.SetMode(config.PeersOff)
		kit.Eventually(t, "b to leave the registry", func() error {
			m, there := registry.row(b.o.Writer)
			return kit.Unless(!there, m)
		})
		b.SetMode(config.PeersAuto)
		b.knows(2)
	}
	done()
	writing.Wait()
	kit.Eventually(t, "no strays", func() error {
		stats := b.buffer.Stats()
		return kit.Unless(stats.Strays == 0, stats)
	})
	for _, of := range accepted {
		for learner, n := range of {
			if here, there := b.updates(learner), a.updates(learner); here+there != n {
				t.Errorf("of %d updates of %s there are %d here and %d at the other sidecar", n, learner, here, there)
			}
		}
		if len(of) == 0 {
			t.Error("nothing was written meanwhile")
		}
	}
}

// One stranger must not look like two.
func TestAKeyThatNobodyHasRegisteredIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := newSidecar(t, newTable(), config.PeersAuto)
	s.run("s")
	s.knows(1)
	stranger, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: stranger.Client(func(members.Fingerprint) bool { return true })}
	if conn, err := dialer.DialContext(ctx, "tcp", s.o.Address.String()); err == nil {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("it was answered")
		}
		_ = conn.Close()
	}
	kit.Eventually(t, "a refusal", func() error {
		_, refused := s.counts.byReason()
		return kit.Unless(refused[wire.RefusedUnregistered] > 0, refused)
	})
	s.stop()
	if _, refused := s.counts.byReason(); refused[wire.RefusedUnregistered] != 1 || refused[wire.RefusedHandshake] != 0 {
		t.Errorf("%v", refused)
	}
}
