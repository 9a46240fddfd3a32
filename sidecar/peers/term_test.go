package peers

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
)

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
	// b may not be told yet.
	for _, u := range []progress.Update{of(named, "e"), of(nameless, "")} {
		if r := b.put(u); r.Err != nil || r.Elsewhere || a.holds(u.UserID) {
			t.Errorf("what others would hand on: %+v", r)
		}
	}
	kit.Eventually(t, "b to be told, and to be the home of what it kept", func() error {
		strays := b.buffer.Stats().Strays
		return kit.Unless(strays == 0 && b.holds(named), strays)
	})
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

// Their homes may have them already: what this sidecar wrote of them would count twice.
func TestASidecarThatIsToldToStopAtItsStartLeavesStraysAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newSidecar(t, newTable(), config.PeersAuto)
	if _, err := s.buffer.PutStray(t.Context(), []progress.Update{of("ada", "e")}); err != nil {
		t.Fatal(err)
	}
	s.Leave(t.Context())
	// The first thing that Run does then, before anything is delivered.
	at, changed := s.wanted()
	if at != config.PeersOff {
		t.Fatalf("the mode is %s", at)
	}
	over, end := context.WithCancel(t.Context())
	end()
	s.wait(over, changed, nil)
	s.run("s")
	left, err := s.BringStraysHome(t.Context())
	if stats := s.buffer.Stats(); err != nil || !left || stats.Strays != 1 || stats.Pending != 1 {
		t.Errorf("%t, %v: %+v", left, err, stats)
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
