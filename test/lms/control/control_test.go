package control

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/lms/classroom"
	"github.com/progress-sync/progress-sync/test/lms/player"
	"github.com/progress-sync/progress-sync/test/lms/report"
	"github.com/progress-sync/progress-sync/test/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type inMemory struct{ *truth.Account }

func (m inMemory) Record(_ context.Context, entries ...truth.Entry) error {
	return m.Account.Record(entries...)
}

// taker acknowledges everything and says so.
type taker chan truth.Update

func (s taker) Read(context.Context, truth.Key) (report.Reading, error) { return report.Reading{}, nil }

func (s taker) Send(_ context.Context, _ string, u truth.Update) report.Answer {
	select {
	case s <- u:
	default:
	}
	return report.Answer{Outcome: truth.Acknowledged, Status: http.StatusNoContent, Took: time.Millisecond}
}

func serve(t *testing.T, account *truth.Account, shown *truth.Account) (*Client, string, taker) {
	t.Helper()
	sent := make(taker)
	class := classroom.New(classroom.Options{Name: "pod", Recorder: inMemory{account}, Sender: sent, Timeout: time.Minute})
	server := httptest.NewServer(Handler(t.Context(), class, shown))
	t.Cleanup(func() {
		class.Stop()
		server.Close()
	})
	return NewClient(server.URL, server.Client()), server.URL, sent
}

var pace = classroom.Pace{Syllabus: player.Usual(), Factor: 5000}

func TestADriverLeadsLearners(t *testing.T) {
	account := truth.NewAccount()
	client, url, sent := serve(t, account, account)
	if err := client.Start(t.Context(), Start{Pace: pace, Count: 3, First: 5, Name: "learner", Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		<-sent
	}
	one, err := client.Stop(t.Context(), "learner-0006")
	if err != nil || len(one) != 1 || one[0].Learner != "learner-0006" {
		t.Fatalf("stopped %+v, %v", one, err)
	}
	if err := client.Start(t.Context(), Start{Pace: pace, Learners: one}); err != nil {
		t.Fatal(err)
	}
	all, err := client.Stop(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("stopped %+v, %v", all, err)
	}
	stats, err := client.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Learners != 0 || stats.Acknowledged < 20 || stats.Acknowledged != account.Counts().Acknowledged {
		t.Errorf("stats %+v, account %+v", stats, account.Counts())
	}
	resp, err := http.Get(url + "/truth")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/truth: %s", resp.Status)
	}
}

func TestNewLearnersAreTheSameEveryTime(t *testing.T) {
	start := Start{Pace: pace, Count: 4, Name: "learner", Seed: 3}
	if diff := cmp.Diff(start.states(), start.states()); diff != "" {
		t.Error(diff)
	}
	if s := start.states(); s[0].Random == s[1].Random {
		t.Error("two learners have the same dice")
	}
	tail := Start{Pace: pace, Count: 1, First: 3, Name: "learner", Seed: 3}
	if diff := cmp.Diff(start.states()[3:], tail.states()); diff != "" {
		t.Errorf("a learner depends on who else is there: %s", diff)
	}
}

func TestBadCommands(t *testing.T) {
	_, url, _ := serve(t, truth.NewAccount(), nil)
	tests := map[string]struct {
		method, path, body string
		want               int
	}{
		"healthz":                     {"GET", "/healthz", "", 200},
		"the account is elsewhere":    {"GET", "/truth", "", 404},
		"half a JSON":                 {"POST", "/learners", `{"count":`, 400},
		"a field that does not exist": {"POST", "/stop", `{"learner":["a"]}`, 400},
		"no pace":                     {"POST", "/learners", `{"count":1,"name":"a"}`, 422},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != tt.want {
				t.Errorf("%s, want %d", resp.Status, tt.want)
			}
		})
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestTheClientSaysWhatTheLMSSaid(t *testing.T) {
	client, _, _ := serve(t, truth.NewAccount(), nil)
	err := client.Start(t.Context(), Start{Count: 1, Name: "a"})
	if err == nil || !strings.Contains(err.Error(), "factor is 0") {
		t.Errorf("got %v", err)
	}
}
