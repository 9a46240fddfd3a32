package roll

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

// longestPeriod is the most between two calls of a sidecar.
const longestPeriod = Period + Period/10

func TestSidecarsFindEachOtherWithinAPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first := start(t, registry, 1)
		synctest.Wait()
		if first.homes() != 1 || !first.Set().IsAlone() {
			t.Fatalf("alone it knows %d homes", first.homes())
		}
		changed := first.Changed()
		second := start(t, registry, 2)
		synctest.Wait()
		if second.homes() != 2 {
			t.Errorf("who comes knows %d homes", second.homes())
		}
		pass(longestPeriod)
		select {
		case <-changed:
		default:
			t.Error("the first does not tell that there is another")
		}
		if first.homes() != 2 {
			t.Errorf("the first knows %d homes", first.homes())
		}
		if has := second.heard(); len(has) != 1 || has[0] != keyOf(2) {
			t.Error("its keys don't hear that they are registered")
		}
	})
}

// TestSidecarsThatStartTogetherFindEachOther: the call of one may be under way while the
// other's is not committed. Until the next one, both would be home to all learners.
func TestSidecarsThatStartTogetherFindEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first := start(t, registry, 1)
		synctest.Wait()
		start(t, registry, 2)
		pass(2 * minPause)
		if first.homes() != 2 {
			t.Errorf("the first knows %d homes", first.homes())
		}
	})
}

// Two that start at the same moment and know of nobody both merge an update that a client
// has sent to one, and after a lost answer to the other.
func TestOfTwoThatStartTogetherOneKnowsTheOtherAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		registry.blind = true
		first, second := start(t, registry, 1), start(t, registry, 2)
		synctest.Wait()
		if first.homes() == 0 || second.homes() == 0 {
			t.Fatalf("they know %d and %d homes", first.homes(), second.homes())
		}
		if first.Set().IsAlone() && second.Set().IsAlone() {
			t.Error("each takes itself for the only one")
		}
	})
}

// TestTheRegistryIsCalledOnceAPeriod: a thousand sidecars must not be a load.
func TestTheRegistryIsCalledOnceAPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		for n := range 10 {
			start(t, registry, n)
		}
		synctest.Wait()
		before, changes := registry.count(), 0
		s := start(t, registry, 10)
		pass(longestPeriod)
		registry.change(func() { registry.tidy = 0 })
		stop := time.After(time.Hour)
		for running := true; running; {
			select {
			case <-s.Changed():
				changes++
			case <-stop:
				running = false
			}
		}
		calls := registry.count() - before
		if most := 11 * int(time.Hour/(Period*9/10)+3); calls > most || calls < 11*int(time.Hour/longestPeriod) {
			t.Errorf("%d calls of 11 sidecars in an hour", calls)
		}
		if changes > 0 {
			t.Errorf("%d changes were told, and nothing changed", changes)
		}
		registry.change(func() {
			if registry.tidy != 11 {
				t.Errorf("11 sidecars removed old rows %d times in an hour", registry.tidy)
			}
		})
	})
}

// TestWhileTheDatabaseIsAwayAllStay, and after it too: learners who moved at each
// outage would be written twice as often just when the database has most to do.
func TestWhileTheDatabaseIsAwayAllStay(t *testing.T) {
	for name, away := range map[string]time.Duration{
		"for a moment": 5 * time.Second, "for a minute": time.Minute, "for an hour": time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				registry := newTable()
				var all []*sidecar
				for n := range 6 {
					all = append(all, start(t, registry, n))
				}
				pass(longestPeriod)
				for _, s := range all {
					watchHomes(t, s, 6)
				}
				registry.change(func() { registry.away = true })
				pass(away)
				registry.change(func() { registry.away = false })
				pass(10 * time.Minute)
				if away > time.Minute && len(all[0].failures()) == 0 {
					t.Error("nobody is told that the registry is away")
				}
			})
		})
	}
}

// TestACallThatFailedIsMadeAgainSoon: a sidecar whose calls fell on three bad moments is
// not in the registry any more, and who comes then takes itself for home of its learners.
func TestACallThatFailedIsMadeAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		registry.change(func() { registry.away = true })
		s := start(t, registry, 1)
		pass(2 * time.Second)
		registry.change(func() { registry.away = false })
		pass(3 * time.Second)
		if s.homes() != 1 {
			t.Error("it is not registered")
		}
		registry.change(func() { registry.away = true })
		pass(longestPeriod)
		before := registry.count()
		pass(time.Hour)
		if calls := registry.count() - before; calls > int(time.Hour/(Period*9/10))+5 {
			t.Errorf("%d calls in an hour of a database that is away", calls)
		}
	})
}

// watchHomes fails the test if a sidecar knows another number of homes at any time.
func watchHomes(t *testing.T, s *sidecar, want int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			changed := s.Changed()
			if got := s.homes(); got != want && ctx.Err() == nil {
				t.Errorf("it knows %d homes, there are %d", got, want)
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

func TestWhoDiedDuringAnOutageIsMissedSoonAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first, second := start(t, registry, 1), start(t, registry, 2)
		pass(longestPeriod)
		registry.change(func() { registry.away = true })
		second.kill()
		pass(10 * time.Minute)
		if first.homes() != 2 {
			t.Errorf("while nobody can tell it knows %d homes", first.homes())
		}
		registry.change(func() { registry.away = false })
		pass(3 * longestPeriod)
		if first.homes() != 1 {
			t.Errorf("after the outage it knows %d homes", first.homes())
		}
	})
}

// TestAKilledSidecarIsMissedAfterAMinute: its learners get another home.
func TestAKilledSidecarIsMissedAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first, second := start(t, registry, 1), start(t, registry, 2)
		pass(longestPeriod)
		second.kill()
		pass(time.Minute + longestPeriod)
		if first.homes() != 1 || first.Known(keyOf(2)) {
			t.Errorf("it knows %d homes", first.homes())
		}
	})
}

// TestLeaving: who stops gets nothing more, hands on what it gets until it is gone,
// and is trusted no longer.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first, second := start(t, registry, 1), start(t, registry, 2)
		pass(longestPeriod)
		if err := second.SayLeaving(t.Context()); err != nil {
			t.Fatal(err)
		}
		if second.homes() != 1 || second.Set().IsAlone() {
			t.Errorf("who leaves still keeps learners for itself: %d homes", second.homes())
		}
		if err := first.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if first.homes() != 1 || !first.Known(keyOf(2)) {
			t.Errorf("the other knows %d homes, and its key: %v", first.homes(), first.Known(keyOf(2)))
		}
		pass(5 * time.Minute) // it drains
		if !first.Known(keyOf(2)) {
			t.Error("a sidecar that drains is not known any more")
		}
		second.Left()
		second.stop()
		pass(longestPeriod)
		if first.Known(keyOf(2)) {
			t.Error("one that has left is still trusted")
		}
		if err := second.Look(t.Context()); !errors.Is(err, ErrEnded) {
			t.Errorf("who asks one that has left gets %v", err)
		}
	})
}

// Others wait for who is on the roll, and would merge what they don't know was merged.
func TestWhoOwesTheOthersSomethingIsMissedAsIfItHadBeenKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first, second := start(t, registry, 1), start(t, registry, 2)
		pass(longestPeriod)
		if err := second.SayLeaving(t.Context()); err != nil {
			t.Fatal(err)
		}
		second.stop()
		pass(longestPeriod)
		if n := len(first.Set().Leaving()); n != 1 {
			t.Errorf("it is not there any more: %d leave", n)
		}
		pass(time.Minute)
		if n := len(first.Set().Leaving()); n != 0 {
			t.Errorf("it is never missed: %d leave", n)
		}
	})
}

func TestAStopDoesNotWaitForADatabaseThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		s := start(t, registry, 1)
		synctest.Wait()
		registry.change(func() { registry.hangs = true })
		begun := time.Now()
		s.stop()
		if took := time.Since(begun); took != leavePatience {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAnUnknownKeyIsLookedUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		first := start(t, registry, 1)
		pass(2 * time.Second)
		start(t, registry, 2)
		synctest.Wait()
		begun := time.Now()
		if !first.Known(keyOf(2)) {
			t.Error("who has just come is refused")
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// TestUnknownKeysAreNoLoadForTheDatabase: anyone on the pod network can show one.
func TestUnknownKeysAreNoLoadForTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		s := start(t, registry, 1)
		synctest.Wait()
		before := registry.count()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				for ctx.Err() == nil {
					if s.Known(members.Fingerprint{0xff, byte(n)}) {
						t.Error("a key that nobody has registered is known")
					}
				}
			})
		}
		wg.Wait()
		regular := int(10 * time.Minute / Period)
		if calls := registry.count() - before; calls > 3*regular {
			t.Errorf("%d calls in ten minutes, %d without those keys", calls, regular)
		}
	})
}

// TestADeadPeerDelaysNoKeys: a sidecar that was restarted is refused by all who can't look
// its new key up, and so is of no use to its learners.
func TestADeadPeerDelaysNoKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		s := start(t, registry, 0)
		pass(longestPeriod)
		before, begun := registry.count(), time.Now()
		for time.Since(begun) < time.Minute {
			if err := s.Miss(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if calls, most := registry.count()-before, int(time.Minute/Period)*6; calls > most {
			t.Errorf("%d calls in a minute in which a peer is missed, want %d at most", calls, most)
		}
		registry.change(func() {
			m := members.Member{Writer: writerOf(7), Fingerprints: []members.Fingerprint{keyOf(7)}, Target: "t", Protocol: 1}
			registry.rows[m.Writer] = row{m, time.Now()}
		})
		asked := time.Now()
		if known := s.Known(keyOf(7)); !known || time.Since(asked) > 2*minPause {
			t.Errorf("known %t, after %s", known, time.Since(asked))
		}
	})
}

// TestEarlyCallsAreHalfASecondApart even where each brings something new. A peer waits a
// second for the answer to its key.
func TestEarlyCallsAreHalfASecondApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		s := start(t, registry, 0)
		synctest.Wait()
		before, begun := registry.count(), time.Now()
		for n := 1; time.Since(begun) < time.Minute; n++ {
			registry.change(func() {
				m := members.Member{Writer: writerOf(n), Fingerprints: []members.Fingerprint{keyOf(n)}, Target: "t", Protocol: 1}
				registry.rows[m.Writer] = row{m, time.Now()}
			})
			if err := s.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Set().Known(keyOf(n)); !ok {
				t.Fatalf("after a look it does not know the sidecar that came before it")
			}
		}
		if calls := registry.count() - before; calls > 121 {
			t.Errorf("%d calls in a minute", calls)
		}
	})
}

func TestWhoLooksHearsThatTheDatabaseIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		s := start(t, registry, 1)
		synctest.Wait()
		registry.change(func() { registry.away = true })
		if err := s.Look(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		registry.change(func() { registry.hangs = true })
		if err := s.Look(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// TestAnotherTableHasOtherMembers: a policy's mapping may change while sidecars run.
func TestAnotherTableHasOtherMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		s := start(t, registry, 1)
		start(t, registry, 2)
		pass(longestPeriod)
		s.mu.Lock()
		s.self.Target = "u"
		s.mu.Unlock()
		pass(longestPeriod)
		if s.homes() != 1 || s.Known(keyOf(2)) {
			t.Errorf("it knows %d homes", s.homes())
		}
	})
}

// Until the first answer a sidecar knows no home, and learners are told that more may be
// known elsewhere.
func TestADatabaseThatComesLaterThanTheSidecarIsFoundSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		registry.away = true
		s := start(t, registry, 1)
		pass(3 * time.Second)
		registry.change(func() { registry.away = false })
		pass(3 * time.Second)
		if s.homes() != 1 {
			t.Errorf("it knows %d homes", s.homes())
		}
		pass(time.Minute)
		before := registry.count()
		pass(10 * Period)
		if calls := registry.count() - before; calls > 12 {
			t.Errorf("%d calls in ten periods after that", calls)
		}
	})
}

func TestADatabaseThatStaysAwayIsCalledNoMoreOftenThanInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newTable()
		registry.away = true
		start(t, registry, 1)
		pass(2 * Period)
		if calls := registry.count(); calls > 9 {
			t.Errorf("%d calls in two periods", calls)
		}
		before := registry.count()
		pass(10 * Period)
		if calls := registry.count() - before; calls > 12 {
			t.Errorf("%d calls in ten periods", calls)
		}
	})
}
