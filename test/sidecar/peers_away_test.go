package sidecar

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

const (
	learners = 40
	// alone is slow for a sidecar that shall have no peers.
	alone = `{"sync":{"interval":"1h","flushOnComplete":false},"peers":{"mode":"Off"}}`
)

// report sends one update of each of the learners to a sidecar, which accepts it.
func report(t *testing.T, p *process, event string) {
	t.Helper()
	for learner := range learners {
		p.post(t, fmt.Sprintf(`{"userId":"learner %d","courseId":"c","lessonId":"l","watchedDelta":1,"eventId":%q}`, learner, event))
	}
}

// reportToEach reports the same events to one sidecar after the other.
func reportToEach(t *testing.T, fleet []*process, event string) {
	t.Helper()
	for _, p := range fleet {
		report(t, p, event)
	}
}

// counted checks that each learner's row has so many updates.
func counted(t *testing.T, uri string, updates int) {
	t.Helper()
	conn := pgtest.Connect(t, uri)
	rows := pgtest.Value[int64](t, conn, "SELECT count(*) FROM progress_sync.lesson_progress")
	good := pgtest.Value[int64](t, conn, "SELECT count(*) FROM progress_sync.lesson_progress WHERE update_count = $1", updates)
	if rows != learners || good != learners {
		t.Errorf("%d rows, %d of them with %d updates; want %d", rows, good, updates, learners)
	}
}

// keptLocally is how many updates did not get to their home, by reason.
func keptLocally(t *testing.T, p *process) map[string]int64 {
	t.Helper()
	return p.document(t).Peers.KeptLocally
}

func TestWhatWaitsForItsHomeIsSavedWhenPeersAreSwitchedOff(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 2)
	here, away := fleet[0], fleet[1]
	away.Kill()
	report(t, here, "first")
	if kept := keptLocally(t, here); len(kept) == 0 {
		t.Error("no learner's home was away")
	}
	here.configure(t, alone)
	here.await(t, "peers to be off", func(d status.Document) bool { return d.Peers.Mode == config.PeersOff && d.Peers.Members == 0 })
	saved(t, here)
	counted(t, uri, 1)

	away.start(t)
	report(t, here, "second")
	saved(t, here)
	counted(t, uri, 2)

	here.configure(t, slow)
	acquainted(t, fleet, 2)
	report(t, here, "third")
	allSaved(t, fleet)
	counted(t, uri, 3)
}

func TestASidecarWhosePortIsTakenWorksAloneAndSaysSo(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	here, address := newMember(t, uri, slow)
	away, _ := newMember(t, uri, slow)
	for _, p := range []*process{here, away} {
		p.start(t)
	}
	acquainted(t, []*process{here, away}, 2)
	away.Kill()
	report(t, here, "first")
	here.Kill()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	here.start(t)
	here.await(t, "the port to be missed", func(d status.Document) bool {
		return d.Peers != nil && d.Peers.Failure != nil && d.Peers.Failure.Reason == status.PeersPortTaken && d.Peers.Members == 0
	})
	report(t, here, "second")
	saved(t, here) // with what waited for its home when the port was free
	counted(t, uri, 2)
}

// silent is an address that takes connections and answers nothing, as behind a firewall
// that drops packets.
func silent(t *testing.T) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

func TestAMemberThatIsNotReachedCostsOneWait(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	here, _ := newMember(t, uri, slow)
	here.start(t)
	dead := register(t, uri, silent(t), nil, false)
	other, _ := newMember(t, uri, slow)
	other.start(t) // and greets, so that the first one asks the registry
	fleet := []*process{here, other}
	acquainted(t, fleet, 3)

	var took []time.Duration
	for learner := range learners {
		began := time.Now()
		here.post(t, fmt.Sprintf(`{"userId":"learner %d","courseId":"c","lessonId":"l","watchedDelta":1,"eventId":"first"}`, learner))
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	kept := keptLocally(t, here)
	t.Logf("a request took %s at most, and %s after that; kept here: %v", took[len(took)-1], took[len(took)-2], kept)
	if kept["connect"] != 1 || kept["breaker"] < 3 || len(kept) != 2 {
		t.Errorf("kept here: %v; want one that waited for a connection, and the others at once", kept)
	}
	if d := here.document(t).Peers; d.Unreached != 1 {
		t.Errorf("%d members are unreached", d.Unreached)
	}
	want := kept["connect"] + kept["breaker"]
	// For a moment after their start sidecars say so of all learners.
	kit.Eventually(t, fmt.Sprintf("%d learners to be told that more may be known elsewhere", want), func() error {
		stale := int64(0)
		for learner := range learners {
			code, body := here.do(t, "GET", fmt.Sprintf("/v1/progress?userId=learner%%20%d", learner), "")
			var answer struct{ Stale bool }
			if err := json.Unmarshal([]byte(body), &answer); err != nil || code != 200 {
				t.Fatal(code, body)
			}
			if answer.Stale {
				stale++
			}
		}
		return kit.Unless(stale == want, stale)
	})

	pgtest.Execute(t, pgtest.Connect(t, uri), "DELETE FROM progress_sync.sidecars WHERE writer_id = $1", dead.String())
	third, _ := newMember(t, uri, slow)
	third.start(t)
	fleet = append(fleet, third)
	acquainted(t, fleet, 3)
	noStrays(t, fleet) // which wait half a minute for what the dead one may have merged
	allSaved(t, fleet)
	counted(t, uri, 1)
}

// register puts a sidecar into the registry that is none of the processes.
func register(t *testing.T, uri string, port int, keys [][]byte, leaving bool) (writer uuid.UUID) {
	t.Helper()
	writer = uuid.New()
	if keys == nil {
		keys = [][]byte{}
	}
	pgtest.Execute(t, pgtest.Connect(t, uri),
		`INSERT INTO progress_sync.sidecars (writer_id, owner, address, port, fingerprints, target, protocol, leaving, hash)
		 VALUES ($1, gen_random_uuid(), '127.0.0.1', $2, $3, $4, $5, $6, 1)`,
		writer.String(), port, keys, registered(t, uri), wire.Version, leaving)
	return writer
}
