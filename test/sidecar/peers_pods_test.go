package sidecar

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

func portOf(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// A new pod may get the address of one that died a moment ago, and that the registry
// has for a minute. What is meant for the dead one must not get to it: it may be of
// another tenant.
func TestAnotherSidecarAtTheAddressOfADeadOneGetsNothingOfIts(t *testing.T) {
	t.Parallel()
	for name, sameDatabase := range map[string]bool{"of another database": false, "of the same database": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri := pgtest.Database(t)
			theirs := uri
			if !sameDatabase {
				theirs = pgtest.Database(t)
			}
			here, _ := newMember(t, uri, slow)
			dead, address := newMember(t, uri, slow)
			for _, p := range []*process{here, dead} {
				p.start(t)
			}
			acquainted(t, []*process{here, dead}, 2)
			report(t, here, "first")
			writers := writers{}
			writers.add(t, here, dead)
			dead.Kill()

			next := newMemberAt(t, theirs, slow, portOf(t, address))
			next.start(t)
			candidates := 2
			if sameDatabase {
				candidates = 3 // the dead one among them
			}
			here.await(t, "the sidecar to know them", func(d status.Document) bool { return d.Peers.Candidates == candidates })
			if sameDatabase {
				writers.add(t, next)
			}
			homes := writers.learners()
			report(t, here, "second")
			if n, want := next.document(t).Counters.UpdatesAccepted, len(homes[next]); n > int64(want) {
				t.Errorf("the sidecar at the dead one's address has accepted %d updates, of its own learners there are %d", n, want)
			}
			kept := keptLocally(t, here)
			if n := kept["connect"] + kept["breaker"]; n < int64(len(homes[dead])) || kept["in_doubt"] > 0 {
				t.Errorf("kept here: %v; want those of the dead one's %d learners, and nothing in doubt", kept, len(homes[dead]))
			}
			kit.Eventually(t, "the caller to have met somebody else at the address", func() error {
				got := refusals(t, next)
				return kit.Unless(got[wire.RefusedHandshake] > 0, got)
			})

			next.terminate(t)
			dead.start(t)
			acquainted(t, []*process{here, dead}, 2)
			noStrays(t, []*process{here, dead}) // which wait for what the next one could not hand over
			allSaved(t, []*process{here, dead})
			counted(t, uri, 2)
		})
	}
}

// writers are the names under which sidecars write.
type writers map[uuid.UUID]*process

// add asks a sidecar, which has to run.
func (w writers) add(t *testing.T, fleet ...*process) {
	t.Helper()
	for _, p := range fleet {
		code, answer := p.do(t, http.MethodGet, "/v1/sync", "")
		var state struct{ Writer uuid.UUID }
		if err := json.Unmarshal([]byte(answer), &state); err != nil || code != http.StatusOK {
			t.Fatal(code, answer)
		}
		w[state.Writer] = p
	}
}

// learners are the numbers of those of report, by the sidecar that is their home.
func (w writers) learners() map[*process][]int {
	var all []members.Member
	for writer := range w {
		all = append(all, members.Member{Writer: writer})
	}
	set := members.New(all[0], all[1:])
	homes := map[*process][]int{}
	for learner := range learners {
		home, _ := set.Home(fmt.Sprintf("learner %d", learner))
		homes[w[home.Writer]] = append(homes[w[home.Writer]], learner)
	}
	return homes
}

// A process may stand still for seconds: its node swaps, or its memory is being moved.
func TestAHomeThatHangsCostsEachCallerOneWaitAndDoublesNothing(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	fleet := newFleet(t, uri, slow, 2)
	here, home := fleet[0], fleet[1]
	report(t, here, "first")
	const callers = 4
	writers := writers{}
	writers.add(t, fleet...)
	away := writers.learners()[home]
	if len(away) < 2*callers {
		t.Fatalf("only %d learners are at home where it hangs", len(away))
	}
	thaw := freeze(t, home)
	thawed := time.After(10 * time.Second)
	// Each caller reports on its part of the learners, one after the other.
	var waits [callers][]time.Duration
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := caller; i < len(away); i += callers {
				began := time.Now()
				body := fmt.Sprintf(`{"userId":"learner %d","courseId":"c","lessonId":"l","watchedDelta":1,"eventId":"second"}`, away[i])
				if code, answer, err := here.Do(t.Context(), http.MethodPost, "/v1/progress", body); code != http.StatusOK || err != nil {
					t.Errorf("it is answered with %d %s, %v", code, answer, err)
				}
				waits[caller] = append(waits[caller], time.Since(began))
			}
		})
	}
	group.Wait()
	for caller, of := range waits {
		slices.Sort(of)
		t.Logf("caller %d waited %s once, and %s at most after that", caller, of[len(of)-1], of[len(of)-2])
	}
	kept := keptLocally(t, here)
	all := int64(0)
	for _, n := range kept {
		all += n
	}
	if all != int64(len(away)) || kept["in_doubt"] == 0 || kept["in_doubt"] > callers {
		t.Errorf("of %d updates were kept here: %v; want all, and of each caller one at most that was sent", len(away), kept)
	}
	code, answer := here.do(t, http.MethodGet, fmt.Sprintf("/v1/progress?userId=learner%%20%d", away[0]), "")
	if code != http.StatusOK || !strings.Contains(answer, `"stale":true`) {
		t.Errorf("meanwhile a read is answered with %d %s", code, answer)
	}
	<-thawed
	thaw()
	report(t, here, "second") // again, as a client does that was not answered
	allSaved(t, fleet)
	kit.Eventually(t, "the home to have all", func() error {
		saved(t, home)
		return kit.Unless(here.document(t).Sync.PendingRecords == 0, "something waits")
	})
	counted(t, uri, 2)
}
