package backend

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/test/lms/report"
)

// serve starts a backend in front of a sidecar, and returns its address.
func serve(t *testing.T, sidecar http.HandlerFunc) string {
	t.Helper()
	beside := httptest.NewServer(sidecar)
	t.Cleanup(beside.Close)
	return front(t, beside.URL)
}

func front(t *testing.T, sidecar string) string {
	t.Helper()
	address, err := url.Parse(sidecar)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	server := httptest.NewServer(New(Options{Sidecar: address, UserHeader: "X-User", Pod: "lms-1", Transport: transport}))
	t.Cleanup(server.Close)
	return server.URL
}

// answer of a backend.
type answer struct {
	status          int
	pod, retryAfter string
	body            string
}

func ask(t *testing.T, method, url string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(LearnerHeader, "ada")
	request.Header.Set("X-User", "eve")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header.Get(report.PodHeader), response.Header.Get("Retry-After"), string(body)}
}

func TestTheLearnerIsWhomTheBackendKnowsAndTheAnswerTheSidecars(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "127.0.0.1" || r.Header.Get("X-User") != "ada" || r.Header.Get(LearnerHeader) != "" {
			t.Errorf("host %s, headers %v", r.Host, r.Header)
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.String())
	})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		want := answer{status: http.StatusTeapot, pod: "lms-1", body: method + " /v1/progress?userId=ada"}
		if got := ask(t, method, address+"/v1/progress?userId=ada"); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestNothingElseOfTheSidecarIsForLearners(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the sidecar was asked") })
	for path, want := range map[string]int{"/v1/users/ada": http.StatusNotFound, "/v1/progress": http.StatusMethodNotAllowed} {
		if got := ask(t, http.MethodDelete, address+path); got.status != want {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

// A client that takes a refusal for a doubt, or the other way round, makes the
// comparison of the rows worthless.
func TestARefusalIsToldApartFromADoubt(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	if got := ask(t, http.MethodPost, front(t, gone.URL)+"/v1/progress"); got.status != http.StatusServiceUnavailable || got.retryAfter == "" {
		t.Errorf("no sidecar: %+v", got)
	}
	dies := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if got := ask(t, http.MethodPost, dies+"/v1/progress"); got.status != http.StatusBadGateway {
		t.Errorf("a sidecar that dies: %+v", got)
	}
}
