package sidecar

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// A client repeats an update whose answer it has missed, and may do so after the home of
// its learner has changed. In these tests learners do that with all they have done.

func TestWhatIsRepeatedAfterASidecarJoinsCountsOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 2)
	report(t, fleet[0], "first")
	joining, _ := newMember(t, uri, slow)
	joining.start(t)
	fleet = append(fleet, joining)
	reportToEach(t, fleet, "first") // while they may not know each other yet
	acquainted(t, fleet, 3)
	reportToEach(t, fleet, "first")
	allSaved(t, fleet)
	counted(t, uri, 1)
}

func TestWhatIsRepeatedAfterSeveralSidecarsJoinAtOnceCountsOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 1)
	report(t, fleet[0], "first")
	for range 3 {
		joining, _ := newMember(t, uri, slow)
		joining.start(t)
		fleet = append(fleet, joining)
		report(t, joining, "first")
	}
	acquainted(t, fleet, 4)
	reportToEach(t, fleet, "first")
	allSaved(t, fleet)
	counted(t, uri, 1)
}

func TestWhatIsRepeatedAfterASidecarLeavesCountsOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 3)
	report(t, fleet[1], "first")
	fleet[0].terminate(t)
	fleet = fleet[1:]
	for range 2 {
		reportToEach(t, fleet, "first")
		acquainted(t, fleet, 2)
	}
	fleet[0].terminate(t) // and the ids go on with the learners
	fleet = fleet[1:]
	acquainted(t, fleet, 1)
	report(t, fleet[0], "first")
	allSaved(t, fleet)
	counted(t, uri, 1)
}

func TestWhatIsRepeatedWhileAHomeIsKilledAndComesBackCountsOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 3)
	report(t, fleet[0], "first")
	fleet[0].Kill()
	reportToEach(t, fleet[1:], "first")
	fleet[0].start(t)
	reportToEach(t, fleet, "first")
	acquainted(t, fleet, 3)
	reportToEach(t, fleet, "first")
	allSaved(t, fleet)
	counted(t, uri, 1)
}

// A killed home stays in the registry for a minute. Here its row is removed, and the
// others hear of that when they miss it.
func TestWhatIsRepeatedWhenAHomeWasGoneAndComesBackCountsOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 3)
	report(t, fleet[0], "first")
	killed, writer := fleet[0], writerOf(t, fleet[0])
	killed.Kill()
	pgtest.Execute(t, pgtest.Connect(t, uri), "DELETE FROM progress_sync.sidecars WHERE writer_id = $1", writer)
	for range 2 {
		reportToEach(t, fleet[1:], "first")
		acquainted(t, fleet[1:], 2)
	}
	waiting := int64(0)
	for _, p := range fleet[1:] {
		waiting += strays(t, p)
	}
	if waiting == 0 {
		t.Error("nobody waits for what the killed home knows")
	}
	killed.start(t)
	acquainted(t, fleet, 3)
	reportToEach(t, fleet, "first")
	allSaved(t, fleet)
	counted(t, uri, 1)
}

func TestARollingRestartWithRepeatsAllTheTimeCountsEachUpdateOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 4)
	l := startRepeatingLate(t, serviceOf(fleet))
	for _, p := range fleet {
		l.awaitAcknowledged(t, 200)
		p.terminate(t)
		l.awaitAcknowledged(t, 50)
		p.start(t)
	}
	l.awaitAcknowledged(t, 200)
	l.finish(t)
	acquainted(t, fleet, len(fleet))
	allSaved(t, fleet)
	l.verify(t, uri)
}

// As a Deployment does it: each pod is another one, with an empty spool.
func TestARolloutWithRepeatsAllTheTimeCountsEachUpdateOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 4)
	s := serviceOf(fleet)
	l := startRepeatingLate(t, s)
	for range fleet {
		l.awaitAcknowledged(t, 200)
		joining, _ := newMember(t, uri, fast)
		joining.start(t)
		fleet = append(fleet, joining)
		s.set(fleet)
		l.awaitAcknowledged(t, 50)
		leaving := fleet[0]
		leaving.terminate(t) // still in the service, as for a moment in a cluster
		fleet = fleet[1:]
		s.set(fleet)
	}
	l.awaitAcknowledged(t, 200)
	l.finish(t)
	acquainted(t, fleet, len(fleet))
	allSaved(t, fleet)
	l.verify(t, uri)
}

func TestKilledHomesWithRepeatsAllTheTimeCountEachUpdateOnce(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, fast, 4)
	l := startRepeatingLate(t, serviceOf(fleet))
	for range 4 {
		l.awaitAcknowledged(t, 150)
		killed := fleet[rand.IntN(len(fleet))]
		killed.Kill()
		l.awaitAcknowledged(t, 30)
		killed.start(t)
	}
	l.awaitAcknowledged(t, 200)
	l.finish(t)
	acquainted(t, fleet, len(fleet))
	allSaved(t, fleet)
	l.verify(t, uri)
}

// startRepeatingLate is startRepeating, and updates are sent again after they were
// acknowledged too.
func startRepeatingLate(t *testing.T, s *service) *load {
	t.Helper()
	return (&load{processes: s.processes, repeats: true, late: true}).start(t, rand.Uint64())
}

// writerOf is the id of a sidecar's spool.
func writerOf(t *testing.T, p *process) string {
	t.Helper()
	_, body := p.do(t, "GET", "/v1/sync", "")
	var state struct{ Writer string }
	if err := json.Unmarshal([]byte(body), &state); err != nil || state.Writer == "" {
		t.Fatal(body, err)
	}
	return state.Writer
}

// strays are how many updates of a sidecar wait for their home, or for others.
func strays(t *testing.T, p *process) (n int64) {
	t.Helper()
	_, metrics := p.get(t, "/metrics")
	_, behind, _ := strings.Cut(metrics, "\nprogress_sync_peers_strays ")
	if _, err := fmt.Sscan(behind, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// noStrays waits until nothing waits any more, for a home or for others that may be gone.
func noStrays(t *testing.T, fleet []*process) {
	t.Helper()
	deadline := time.Now().Add(2 * kit.Patience)
	for _, p := range fleet {
		for strays(t, p) > 0 {
			if time.Now().After(deadline) {
				t.Fatal("updates wait for ever")
			}
			<-time.After(100 * time.Millisecond)
		}
	}
}
