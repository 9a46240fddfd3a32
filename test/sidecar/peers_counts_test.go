package sidecar

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// sums are over the documents of a fleet.
func sums(t *testing.T, fleet []*process) (accepted, pending, strays int64) {
	t.Helper()
	for _, p := range fleet {
		d := p.document(t)
		accepted += d.Counters.UpdatesAccepted
		pending += d.Sync.PendingUpdates
		strays += d.Peers.Strays
	}
	return accepted, pending, strays
}

// freeze stops a sidecar in its tracks, and returns when each of its threads stands
// still: the signal alone leaves them some milliseconds. What comes to it waits in the
// kernel.
func freeze(t *testing.T, p *process) (thaw func()) {
	t.Helper()
	signal := func(s syscall.Signal) {
		if err := p.Process().Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	kit.Eventually(t, "the sidecar to stand still", func() error {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.Process().PID()))
		if err != nil || len(threads) == 0 {
			return errors.Join(errors.New("it has no threads"), err)
		}
		for _, thread := range threads {
			stat, err := os.ReadFile(thread)
			if err != nil {
				return err
			}
			_, state, _ := strings.Cut(string(stat), ") ")
			if !strings.HasPrefix(state, "T") {
				return fmt.Errorf("a thread is in state %.1s", state)
			}
		}
		return nil
	})
	return func() { signal(syscall.SIGCONT) }
}

// What the sums are used for, the share of writes that are saved among others, is wrong
// where an update counts for each time that it was handed on.
func TestTheSumsOverAllSidecarsCountEachUpdateOnceThoughHomesFreeze(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 3)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2000))
	for _, p := range fleet {
		p.Client.Timeout = time.Second // who waits for a frozen one goes to another
	}
	service := serviceOf(fleet)
	l := startRepeating(t, service, seed)
	for round := range 6 {
		l.awaitAcknowledged(t, 1+random.Int64N(300))
		i := homeToSome(t, fleet, random)
		others := slices.Delete(slices.Clone(fleet), i, i+1)
		service.set(others)
		before := kept(t, others)
		thaw := freeze(t, fleet[i])
		if round%2 == 0 {
			kit.Eventually(t, "updates to be kept", func() error { return kit.Unless(kept(t, others) > before, before) })
		} else {
			kit.Eventually(t, "batches to be repeated, within the client's patience", func() error {
				_, _, err := fleet[i].Do(t.Context(), "GET", "/v1/sync", "")
				return kit.Unless(err != nil, "a frozen sidecar answers")
			})
		}
		l.awaitAcknowledged(t, 1+random.Int64N(5))
		thaw()
		service.set(fleet)
	}
	l.finish(t)
	for _, p := range fleet {
		p.Client.Timeout = kit.Patience
	}
	allSaved(t, fleet)
	l.verify(t, uri)
	t.Logf("%d updates did not get to their homes", kept(t, fleet))
	acknowledged := l.account.Counts().Acknowledged
	kit.Eventually(t, "all to be counted", func() error {
		accepted, pending, strays := sums(t, fleet)
		return kit.Unless(accepted == acknowledged && pending == 0 && strays == 0,
			fmt.Sprintf("%d counted, %d acknowledged, %d pending, %d strays", accepted, acknowledged, pending, strays))
	})
}

// homeToSome is the place of a sidecar that has accepted updates.
func homeToSome(t *testing.T, fleet []*process, random *rand.Rand) (place int) {
	t.Helper()
	for place = random.IntN(len(fleet)); fleet[place].document(t).Counters.UpdatesAccepted == 0; {
		place = (place + 1) % len(fleet)
	}
	return place
}

// kept is how many updates did not get to their home.
func kept(t *testing.T, fleet []*process) (n int64) {
	t.Helper()
	for _, p := range fleet {
		for _, updates := range keptLocally(t, p) {
			n += updates
		}
	}
	return n
}

// The operator adds up both: what waits for its home is received, and is pending.
func TestWhatWaitsForItsHomeIsToldApartUntilItIsMergedAndThenCounts(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 2)
	here, away := fleet[0], fleet[1]
	away.Kill()
	report(t, here, "first")
	accepted, pending, strays := sums(t, fleet[:1])
	if strays == 0 || accepted+strays != learners || pending != learners {
		t.Errorf("%d are accepted, %d of them strays and %d pending; want %d in all", accepted+strays, strays, pending, learners)
	}
	away.start(t)
	for _, p := range fleet {
		p.await(t, "strays to go home", func(d status.Document) bool { return d.Peers.Strays == 0 && d.Peers.Candidates == 2 })
	}
	if accepted, pending, _ := sums(t, fleet); accepted != learners || pending != learners {
		t.Errorf("%d are accepted and %d pending, want %d", accepted, pending, learners)
	}

	away.Kill()
	report(t, here, "second")
	before, _, strays := sums(t, fleet[:1])
	here.configure(t, alone)
	here.await(t, "strays to be its own", func(d status.Document) bool { return d.Peers.Strays == 0 })
	if after, _, _ := sums(t, fleet[:1]); strays == 0 || after != before+strays {
		t.Errorf("%d are accepted after %d that waited for their home became the sidecar's own; %d before", after, strays, before)
	}
}
