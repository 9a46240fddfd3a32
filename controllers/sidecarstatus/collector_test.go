package sidecarstatus

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pods answers for addresses, or fails for those that it does not know.
type pods struct {
	mu      sync.Mutex
	pending map[string]int64
	asked   int
	busy    int
	most    int
}

func (p *pods) Fetch(_ context.Context, ip string) (*status.Document, error) {
	p.mu.Lock()
	p.asked++
	p.busy++
	p.most = max(p.most, p.busy)
	pending, ok := p.pending[ip]
	p.mu.Unlock()
	defer func() { p.mu.Lock(); p.busy--; p.mu.Unlock() }()
	if !ok {
		return nil, errors.New("connection refused")
	}
	return &status.Document{Sync: status.Sync{PendingRecords: pending}}, nil
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

var policyKey = types.NamespacedName{Namespace: "campus", Name: "lms"}

func TestOneMissedPollChangesNothingAndThreeDo(t *testing.T) {
	p, c := &pods{pending: map[string]int64{"10.0.0.1": 7}}, &clock{noon}
	collector := NewCollector(Options{Fetcher: p, Now: c.Now, Interval: 2 * time.Second, Concurrency: 2})
	targets := []Target{{"a", "10.0.0.1"}}
	poll := func() Answer {
		c.now = c.now.Add(10 * time.Second)
		return collector.Collect(context.Background(), policyKey, targets)["a"]
	}
	if a := poll(); a.Document == nil || a.Document.Sync.PendingRecords != 7 {
		t.Fatalf("answer %+v", a)
	}
	delete(p.pending, "10.0.0.1")
	for miss := 1; miss <= 2; miss++ {
		if a := poll(); a.Unreachable() || a.Document == nil || !a.At.Equal(noon.Add(10*time.Second)) {
			t.Fatalf("after %d misses: %+v", miss, a)
		}
	}
	if a := poll(); !a.Unreachable() {
		t.Fatalf("after three misses: %+v", a)
	}
	p.pending["10.0.0.1"] = 8
	if a := poll(); a.Unreachable() || a.Misses != 0 || a.Document.Sync.PendingRecords != 8 {
		t.Fatalf("after an answer: %+v", a)
	}
}

func TestASidecarIsNotAskedAgainAtOnce(t *testing.T) {
	p, c := &pods{pending: map[string]int64{"10.0.0.1": 7, "10.0.0.2": 8}}, &clock{noon}
	collector := NewCollector(Options{Fetcher: p, Now: c.Now, Interval: 10 * time.Second, Concurrency: 2})
	collect := func(targets ...Target) { collector.Collect(context.Background(), policyKey, targets) }
	collect(Target{"a", "10.0.0.1"})
	c.now = c.now.Add(4 * time.Second)
	collect(Target{"a", "10.0.0.1"}, Target{"b", "10.0.0.2"})
	if p.asked != 2 {
		t.Errorf("%d questions, want one to each sidecar", p.asked)
	}
	c.now = c.now.Add(time.Second)
	collect(Target{"a", "10.0.0.1"}, Target{"b", "10.0.0.2"})
	if p.asked != 3 {
		t.Errorf("%d questions, want another to the one asked 5s ago", p.asked)
	}
	collect(Target{"a", "10.0.0.2"})
	if p.asked != 4 {
		t.Errorf("%d questions, want another to the pod that has a new address", p.asked)
	}
	collector.Forget(policyKey)
	collect(Target{"a", "10.0.0.2"})
	if p.asked != 5 {
		t.Errorf("%d questions, want another after the policy was forgotten", p.asked)
	}
}

// What a pod held is counted when it is gone without a word, which is a moment
// after it was last asked.
func TestTheLastAnswerOfAGonePodStaysKnownForAWhile(t *testing.T) {
	p, c := &pods{pending: map[string]int64{"10.0.0.1": 7}}, &clock{noon}
	collector := NewCollector(Options{Fetcher: p, Now: c.Now, Concurrency: 1})
	collector.Collect(context.Background(), policyKey, []Target{{"a", "10.0.0.1"}})
	delete(p.pending, "10.0.0.1") // with its node
	c.now = c.now.Add(24 * time.Hour)
	collector.Collect(context.Background(), policyKey, []Target{{"a", "10.0.0.1"}})
	c.now = c.now.Add(retention - time.Second)
	if got := collector.Collect(context.Background(), policyKey, nil); len(got) != 0 {
		t.Errorf("answers of %d sidecars, want none", len(got))
	}
	if a := collector.Last(policyKey, "a"); a.Document == nil || a.Document.Sync.PendingRecords != 7 {
		t.Errorf("last answer %+v", a)
	}
	c.now = c.now.Add(time.Second)
	collector.Collect(context.Background(), policyKey, nil)
	if a := collector.Last(policyKey, "a"); a.Document != nil {
		t.Errorf("after %s there is still %+v", retention, a)
	}
}

func TestFewAreAskedAtATime(t *testing.T) {
	p := &pods{}
	collector := NewCollector(Options{Fetcher: p, Now: time.Now, Concurrency: 3})
	var targets []Target
	for i := range 50 {
		targets = append(targets, Target{types.UID(strconv.Itoa(i)), "10.0.0." + strconv.Itoa(i)})
	}
	if got := collector.Collect(context.Background(), policyKey, targets); len(got) != 50 || p.most > 3 {
		t.Errorf("%d answers, %d at a time", len(got), p.most)
	}
}

func TestAStoppingOperatorBlamesNoSidecar(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	collector := NewCollector(Options{Fetcher: &pods{}, Now: time.Now, Concurrency: 1})
	if a := collector.Collect(ctx, policyKey, []Target{{"a", "10.0.0.1"}})["a"]; a.Misses != 0 {
		t.Errorf("%d misses", a.Misses)
	}
}

func TestFetch(t *testing.T) {
	cases := map[string]struct {
		handler http.HandlerFunc
		says    string
	}{
		"an answer": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/status" {
				w.WriteHeader(http.StatusNotFound)
			}
			_, _ = w.Write([]byte(`{"version":"1.2.3","somethingNewer":1}`))
		}, ""},
		"an error":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"version":`)) }, "reading the status"},
		"a long answer": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"version":"` + strings.Repeat("x", maxBody) + `"}`))
		}, "longer than 64 KiB"},
		"a redirect to elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}, "302"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			address, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			port, err := strconv.Atoi(address.Port())
			if err != nil {
				t.Fatal(err)
			}
			document, err := NewHTTP(port, 5*time.Second).Fetch(t.Context(), address.Hostname())
			switch {
			case c.says == "" && (err != nil || document.Version != "1.2.3"):
				t.Errorf("document %+v, error %v", document, err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("error %v does not say %q", err, c.says)
			}
		})
	}
}

func TestAFleetIsAskedLessOften(t *testing.T) {
	p, c := &pods{pending: map[string]int64{}}, &clock{noon}
	collector := NewCollector(Options{Fetcher: p, Now: c.Now, Interval: 10 * time.Second, Concurrency: 2})
	collect := func(policy string, sidecars int) {
		var targets []Target
		for n := range sidecars {
			targets = append(targets, Target{types.UID(strconv.Itoa(n)), "10.0.0.1"})
		}
		collector.Collect(context.Background(), types.NamespacedName{Namespace: "campus", Name: policy}, targets)
	}
	collect("lms", 3000)
	if got := collector.Interval(); got != 10*time.Second {
		t.Errorf("3000 sidecars are asked every %s", got)
	}
	collect("academy", 2000)
	if got := collector.Interval(); got != 15*time.Second {
		t.Errorf("5000 sidecars are asked every %s", got)
	}
	collect("academy", 0)
	collector.Forget(types.NamespacedName{Namespace: "campus", Name: "lms"})
	if got := collector.Interval(); got != 10*time.Second {
		t.Errorf("those that are gone count: %s", got)
	}
}
