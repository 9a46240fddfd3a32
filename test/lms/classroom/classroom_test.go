package classroom

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/lms/report"
	"github.com/progress-sync/progress-sync/test/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sidecar keeps what it takes, and fails as told for every request.
type sidecar struct {
	mu    sync.Mutex
	taken map[truth.Key]map[time.Time]int
	count int
	fail  func(n int) string
	grown chan struct{}
}

func (s *sidecar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var u truth.Update
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	how := ""
	if s.fail != nil {
		how = s.fail(s.count)
	}
	switch how {
	case "503":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case "422":
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	case "dies before":
		panic(http.ErrAbortHandler)
	}
	if s.taken[u.Key] == nil {
		s.taken[u.Key] = map[time.Time]int{}
	}
	s.taken[u.Key][u.OccurredAt]++
	select {
	case s.grown <- struct{}{}:
	default:
	}
	if how == "dies after" {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}

// waitFor blocks until the sidecar has taken something that makes done true.
func (s *sidecar) waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for {
		s.mu.Lock()
		yes := done()
		s.mu.Unlock()
		if yes {
			return
		}
		select {
		case <-s.grown:
		case <-t.Context().Done():
			t.Fatal("the test ended before")
		}
	}
}

type inMemory struct{ *truth.Account }

func (m inMemory) Record(_ context.Context, entries ...truth.Entry) error {
	return m.Account.Record(entries...)
}

func newRoom(t *testing.T, account *truth.Account, s *sidecar) *Classroom {
	t.Helper()
	s.taken, s.grown = map[truth.Key]map[time.Time]int{}, make(chan struct{}, 1)
	server := httptest.NewServer(s)
	client := server.Client()
	class := New(Options{
		Name: t.Name() + fmt.Sprintf("-%p", s), Recorder: inMemory{account}, Sender: report.NewClient(server.URL, client), Timeout: time.Minute,
	})
	t.Cleanup(func() {
		class.Stop()
		server.Close()
	})
	return class
}

func fast() Pace {
	syllabus := player.Usual()
	syllabus.ShortestLesson, syllabus.LongestLesson = 60, 120
	return Pace{Syllabus: syllabus, Factor: 5000}
}

func learners(n int) []player.State {
	var states []player.State
	for i := range n {
		states = append(states, player.New(fmt.Sprintf("learner-%d", i), uint64(i), fast().Syllabus))
	}
	return states
}

// compare checks that what the sidecars took is exactly what the account allows.
func compare(t *testing.T, account *truth.Account, sidecars ...*sidecar) {
	t.Helper()
	taken := map[truth.Key]map[time.Time]int{}
	for _, s := range sidecars {
		s.mu.Lock()
		for key, times := range s.taken {
			if taken[key] == nil {
				taken[key] = map[time.Time]int{}
			}
			for at, n := range times {
				taken[key][at] += n
			}
		}
		s.mu.Unlock()
	}
	for _, e := range account.Entries() {
		n := taken[e.Update.Key][e.Update.OccurredAt]
		delete(taken[e.Update.Key], e.Update.OccurredAt)
		switch {
		case e.Outcome == truth.Acknowledged && n != 1,
			e.Outcome == truth.Refused && n != 0,
			e.Outcome == truth.Uncertain && n > 1:
			t.Errorf("%s was %s and taken %d times", e.ID, e.Outcome, n)
		}
	}
	for key, times := range taken {
		if len(times) > 0 {
			t.Errorf("%v: %d updates that are not in the account", key, len(times))
		}
	}
}

func TestTheAccountHoldsWhateverTheSidecarDoes(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	s := &sidecar{fail: func(int) string {
		return []string{"", "", "", "", "", "", "503", "422", "dies before", "dies after"}[dice.IntN(10)]
	}}
	account := truth.NewAccount()
	class := newRoom(t, account, s)
	if err := class.Start(t.Context(), fast(), learners(20)...); err != nil {
		t.Fatal(err)
	}
	s.waitFor(t, func() bool { return s.count > 1500 })
	if states := class.Stop(); len(states) != 20 {
		t.Errorf("%d learners stopped", len(states))
	}
	compare(t, account, s)
	stats, counts := class.Stats(), account.Counts()
	if stats.Acknowledged != counts.Acknowledged || stats.Refused != counts.Refused || stats.Uncertain != counts.Uncertain {
		t.Errorf("stats %+v, account %+v", stats, counts)
	}
	if stats.Failure != "" || stats.LessonsEnded == 0 || counts.Acknowledged < 800 || counts.Uncertain < 100 || stats.Learners != 0 {
		t.Errorf("stats %+v, account %+v", stats, counts)
	}
	for _, status := range []string{"503", "422", "no answer"} {
		if stats.Statuses[status] == 0 {
			t.Errorf("no %q in %v", status, stats.Statuses)
		}
	}
}

func TestALearnerMovesToAnotherPod(t *testing.T) {
	account := truth.NewAccount()
	one, two := &sidecar{}, &sidecar{}
	here, there := newRoom(t, account, one), newRoom(t, account, two)
	states := learners(2)
	if err := here.Start(t.Context(), fast(), states...); err != nil {
		t.Fatal(err)
	}
	one.waitFor(t, func() bool { return one.count > 50 })
	moved := here.Stop("learner-1", "nobody")
	if len(moved) != 1 || moved[0].Learner != "learner-1" || moved[0].Sent == 0 {
		t.Fatalf("stopped %+v", moved)
	}
	if err := there.Start(t.Context(), fast(), moved...); err != nil {
		t.Fatal(err)
	}
	two.waitFor(t, func() bool { return two.count > 50 })
	if n := here.Stats().Learners; n != 1 {
		t.Errorf("%d learners stayed", n)
	}
	here.Stop()
	there.Stop()
	compare(t, account, one, two)
	if got := account.Counts(); got.Refused+got.Uncertain > 0 {
		t.Errorf("account %+v", got)
	}
}

func TestStartRefuses(t *testing.T) {
	class := newRoom(t, truth.NewAccount(), &sidecar{})
	state := learners(1)[0]
	if err := class.Start(t.Context(), fast(), state); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		pace   Pace
		states []player.State
	}{
		"a learner who is here":         {fast(), []player.State{state}},
		"a learner who is named twice":  {fast(), []player.State{{Learner: "x"}, {Learner: "x"}}},
		"a learner without a name":      {fast(), []player.State{{}}},
		"time that stands still":        {Pace{Syllabus: player.Usual()}, nil},
		"a syllabus without heartbeats": {Pace{Factor: 1}, nil},
		"more pages than updates":       {Pace{Syllabus: player.Usual(), Factor: 1, Reopen: 2}, nil},
	}
	for name, tt := range tests {
		if err := class.Start(t.Context(), tt.pace, tt.states...); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if n := class.Stats().Learners; n != 1 {
		t.Errorf("%d learners", n)
	}
}

type lostAccount struct{}

func (lostAccount) Record(context.Context, ...truth.Entry) error {
	return fmt.Errorf("the collector is gone")
}

func TestNothingIsSentThatIsNotInTheAccount(t *testing.T) {
	s := &sidecar{}
	class := newRoom(t, truth.NewAccount(), s)
	class.options.Recorder = lostAccount{}
	if err := class.Start(t.Context(), fast(), learners(3)...); err != nil {
		t.Fatal(err)
	}
	class.mu.Lock()
	for _, l := range class.learners {
		<-l.stopped
	}
	class.mu.Unlock()
	class.Stop()
	if s.count != 0 || class.Stats().Failure == "" {
		t.Errorf("%d sent, failure %q", s.count, class.Stats().Failure)
	}
}

func TestLatencies(t *testing.T) {
	var l latencies
	for i := 1; i <= 100; i++ {
		l.add(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 50, 0.99: 99, 1: 100} {
		if got := l.quantile(q); got < want || got > want*1.06 {
			t.Errorf("quantile %v is %v ms, want about %v", q, got, want)
		}
	}
	if got := new(latencies).quantile(0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// scripted answers as told, and counts by event id.
type scripted struct {
	mu       sync.Mutex
	attempts map[string]int
	send     func(attempt int) report.Answer
	reading  func(last truth.Update) (report.Reading, error)
	last     truth.Update
}

func (s *scripted) Send(_ context.Context, eventID string, u truth.Update) report.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts[eventID]++
	s.last = u
	return s.send(s.attempts[eventID])
}

func (s *scripted) Read(context.Context, truth.Key) (report.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reading(s.last)
}

// study lets one learner watch until done.
func study(t *testing.T, account *truth.Account, s *scripted, pace Pace, done func(Stats) bool) Stats {
	t.Helper()
	s.attempts = map[string]int{}
	class := New(Options{Name: t.Name(), Recorder: inMemory{account}, Sender: s, Timeout: time.Minute})
	defer class.Stop()
	if err := class.Start(t.Context(), pace, learners(1)...); err != nil {
		t.Fatal(err)
	}
	kit.Eventually(t, "it is done", func() error { return kit.Unless(done(class.Stats()), class.Stats()) })
	class.Stop()
	return class.Stats()
}

func TestAnEventIsOneUpdateHoweverOftenItIsSent(t *testing.T) {
	acknowledged := report.Answer{Outcome: truth.Acknowledged, Status: 204}
	refused := report.Answer{Outcome: truth.Refused, Status: 503, Again: true}
	tests := map[string]struct {
		send func(attempt int) report.Answer
		want truth.Outcome
	}{
		"refused, then taken": {func(n int) report.Answer { return []report.Answer{refused, acknowledged}[n-1] }, truth.Acknowledged},
		"in doubt, then refused for good": {func(n int) report.Answer {
			return []report.Answer{{Outcome: truth.Uncertain}, {Outcome: truth.Refused, Status: 422}}[n-1]
		}, truth.Uncertain},
		"refused, then refused for good": {func(n int) report.Answer { return []report.Answer{refused, {Outcome: truth.Refused, Status: 422}}[n-1] }, truth.Refused},
		"an error that says nothing, then 204": {func(n int) report.Answer {
			return []report.Answer{{Outcome: truth.Uncertain, Status: 502}, acknowledged}[n-1]
		}, truth.Acknowledged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			account := truth.NewAccount()
			pace := fast()
			pace.EventIDs = true
			study(t, account, &scripted{send: tt.send}, pace, func(Stats) bool { return len(account.Entries()) > 5 })
			others := 0
			for _, e := range account.Entries() {
				if e.Outcome != tt.want {
					others++
				}
			}
			// The learner may have been stopped before the last was sent again.
			if others > 1 {
				t.Errorf("%d events are not %s: %+v", others, tt.want, account.Counts())
			}
		})
	}
}

func TestAPageThatIsOpenedAgainIsComparedWithWhatWasJustAcknowledged(t *testing.T) {
	tests := map[string]struct {
		reading func(truth.Update) (report.Reading, error)
		want    Reopened
	}{
		"it shows that second, in another pod": {func(u truth.Update) (report.Reading, error) {
			return report.Reading{Position: *u.CurrentTime, Newest: u.OccurredAt, Pod: "two"}, nil
		}, Reopened{Pages: 1, Elsewhere: 1, Exact: 1}},
		"it shows an earlier one": {func(u truth.Update) (report.Reading, error) {
			return report.Reading{Position: *u.CurrentTime, Newest: u.OccurredAt.Add(-time.Microsecond), Pod: "one"}, nil
		}, Reopened{Pages: 1, Behind: 1}},
		"it says that it may be old":      {func(truth.Update) (report.Reading, error) { return report.Reading{Stale: true, Pod: "one"}, nil }, Reopened{Pages: 1, Stale: 1}},
		"there is no answer":              {func(truth.Update) (report.Reading, error) { return report.Reading{}, fmt.Errorf("cut off") }, Reopened{Pages: 1, Failed: 1}},
		"nothing is known of this lesson": {func(truth.Update) (report.Reading, error) { return report.Reading{Pod: "one"}, nil }, Reopened{Pages: 1, Behind: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &scripted{reading: tt.reading, send: func(int) report.Answer {
				return report.Answer{Outcome: truth.Acknowledged, Status: 204, Pod: "one"}
			}}
			pace := fast()
			pace.Reopen = 0.5
			stats := study(t, truth.NewAccount(), s, pace, func(s Stats) bool { return s.Reopened.Pages > 3 })
			n := stats.Reopened.Pages
			want := Reopened{Pages: n, Elsewhere: n * tt.want.Elsewhere, Exact: n * tt.want.Exact, Stale: n * tt.want.Stale, Behind: n * tt.want.Behind, Failed: n * tt.want.Failed}
			if stats.Reopened != want || stats.Acknowledged/2 != n || stats.Pods["one"] != stats.Acknowledged {
				t.Errorf("%+v", stats)
			}
		})
	}
}
