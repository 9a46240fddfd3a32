package gate

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open is a gate in front of a sidecar that counts what reaches it.
func open(t *testing.T) (*Gate, *atomic.Int64) {
	t.Helper()
	reached := new(atomic.Int64)
	sidecar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(sidecar.Close)
	g, err := Open(strings.TrimPrefix(sidecar.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g, reached
}

// send returns the status, or 0 when the connection broke.
func send(t *testing.T, g *Gate, user, body string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+g.Address()+"/v1/progress", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(UserHeader, user)
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusOK && string(answer) != body {
		t.Errorf("the answer was %q", answer)
	}
	return response.StatusCode
}

func TestAFaultMeetsOneLearnersRequestsAsOftenAsItSays(t *testing.T) {
	g, reached := open(t)
	if err := g.Set(Fault{Kind: Answer, User: "ada", Status: 503, RetryAfter: "1", Times: 2}); err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, user := range []string{"ada", "bob", "ada", "ada"} {
		got = append(got, send(t, g, user, `[{"eventId":"1"},{"eventId":"2","seekEvents":0,"leaving":true},{"eventId":"3","leaving":true}]`))
	}
	if diff := cmp.Diff([]int{503, 200, 503, 200}, got); diff != "" {
		t.Error(diff)
	}
	if reached.Load() != 2 {
		t.Errorf("%d requests reached the sidecar", reached.Load())
	}
	for i, entry := range g.Entries("ada") {
		if diff := cmp.Diff([]string{"1", "2"}, entry.Events); diff != "" {
			t.Error(diff)
		}
		if want := []int{503, 503, 200}[i]; entry.Status != want {
			t.Errorf("entry %d has status %d, want %d", i, entry.Status, want)
		}
	}
}

func TestASwallowedAnswerIsDoneAndNotHeard(t *testing.T) {
	g, reached := open(t)
	if err := g.Set(Fault{Kind: Swallow, User: "ada", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if status := send(t, g, "ada", `{"eventId":"1"}`); status != 0 || reached.Load() != 1 {
		t.Errorf("status %d, %d requests reached the sidecar", status, reached.Load())
	}
}

func TestAHeldRequestGoesOnWhenTheFaultIsLifted(t *testing.T) {
	g, reached := open(t)
	if err := g.Set(Fault{Kind: Hold, User: "ada"}); err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() { done <- send(t, g, "ada", `{}`) }()
	for len(g.Entries("ada")) == 0 {
		if send(t, g, "bob", `{}`) != 200 {
			t.Fatal("another learner was held too")
		}
	}
	before := reached.Load()
	g.Lift("ada")
	if status := <-done; status != 200 || reached.Load() != before+1 {
		t.Errorf("status %d, %d requests reached the sidecar after %d", status, reached.Load(), before)
	}
}

func TestASidecarThatIsDownIsABrokenConnection(t *testing.T) {
	g, err := Open("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if status := send(t, g, "ada", `{}`); status != 0 {
		t.Errorf("the gate answered %d", status)
	}
}

func TestAFaultThatSaysNothingSensibleIsRefused(t *testing.T) {
	g, _ := open(t)
	for _, f := range []Fault{{Kind: "melt"}, {Kind: Answer}, {Kind: Answer, Status: 200}} {
		if g.Set(f) == nil {
			t.Errorf("%+v was taken", f)
		}
	}
}

func TestADelayedRequestArrivesAndAnUnreasonableFaultIsRefused(t *testing.T) {
	g, reached := open(t)
	if err := g.Set(Fault{Kind: Delay, User: "ada"}); err == nil {
		t.Error("a delay of nothing was taken")
	}
	if err := g.Set(Fault{Kind: Delay, User: "ada", Milliseconds: 1}); err != nil {
		t.Fatal(err)
	}
	if got := send(t, g, "ada", "{}"); got != http.StatusOK || reached.Load() != 1 {
		t.Errorf("status %d, %d requests reached the sidecar", got, reached.Load())
	}
	if got := g.Entries("ada")[0].Fault; got != Delay {
		t.Errorf("the entry tells of %q", got)
	}
	g.Lift("ada")
	if err := g.Set(Fault{Kind: Delay, User: "ada", Milliseconds: 3_600_000}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan int)
	go func() { answered <- send(t, g, "ada", "{}") }()
	for len(g.Entries("ada")) < 2 {
		runtime.Gosched()
	}
	g.Lift("ada")
	if got := <-answered; got != http.StatusOK {
		t.Errorf("after the delay was lifted: status %d", got)
	}
}
