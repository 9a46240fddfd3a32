package report

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = truth.Update{
	Key: truth.Key{UserID: "u", CourseID: "c", LessonID: "l"}, CurrentTime: new(1.5), SeekEvents: 2,
	OccurredAt: time.Date(2026, 5, 4, 8, 0, 0, 123_456_000, time.UTC),
}

func TestSend(t *testing.T) {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		want    Answer
	}{
		"204 acknowledges":                   {status(204), Answer{Outcome: truth.Acknowledged, Status: 204}},
		"200 acknowledges":                   {status(200), Answer{Outcome: truth.Acknowledged, Status: 200}},
		"another 2xx says nothing":           {status(202), Answer{Outcome: truth.Uncertain, Status: 202}},
		"422 refuses for good":               {status(422), Answer{Outcome: truth.Refused, Status: 422}},
		"500 says nothing":                   {status(500), Answer{Outcome: truth.Uncertain, Status: 500}},
		"429 refuses, and says when to come": {status(429, "Retry-After", "7"), Answer{Outcome: truth.Refused, Status: 429, Again: true, RetryAfter: 7 * time.Second}},
		"503 refuses for now":                {status(503), Answer{Outcome: truth.Refused, Status: 503, Again: true}},
		"507 refuses for now":                {status(507, "Retry-After", "soon"), Answer{Outcome: truth.Refused, Status: 507, Again: true}},
		"503 of a home that may have it says nothing": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.WriteString(w, `{"type":"urn:progress-sync:problem:in-doubt","status":503}`)
			}, Answer{Outcome: truth.Uncertain, Status: 503, Again: true},
		},
		"the pod that answers is known": {status(204, PodHeader, "lms-1"), Answer{Outcome: truth.Acknowledged, Status: 204, Pod: "lms-1"}},
		"a connection that breaks says nothing": {
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Answer{Outcome: truth.Uncertain, Again: true},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			got := NewClient(server.URL, server.Client()).Send(t.Context(), "", update)
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Answer{}, "Took", "Err")); diff != "" {
				t.Error(diff)
			}
			if (got.Status == 0) != (got.Err != nil) {
				t.Errorf("error %v", got.Err)
			}
		})
	}
}

func TestNoSidecarIsCertain(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	got := NewClient(server.URL, server.Client()).Send(t.Context(), "", update)
	if got.Outcome != truth.Refused || !got.Again {
		t.Errorf("got %+v", got)
	}
}

func TestATimeoutAfterSendingIsUncertain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	got := NewClient(server.URL, server.Client()).Send(ctx, "", update)
	if got.Outcome != truth.Uncertain {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsSent(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/progress" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	NewClient(server.URL, server.Client()).Send(t.Context(), "", update)
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"userId": "u", "courseId": "c", "lessonId": "l", "currentTime": 1.5, "seekEvents": 2.0,
		"occurredAt": "2026-05-04T08:00:00.123456Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"3":                             3 * time.Second,
		"-3":                            0,
		"Mon, 04 May 2026 08:00:05 GMT": 5 * time.Second,
		"Mon, 04 May 2026 07:00:05 GMT": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	at := time.Date(2026, 5, 4, 8, 0, 0, 123_456_000, time.UTC)
	tests := map[string]struct {
		status int
		body   string
		want   Reading
		fails  bool
	}{
		"where the learner is": {200, `{"progress":[{"positionSeconds":12.5,"lastWatchedAt":"2026-05-04T08:00:00.123456Z"}],"stale":false}`,
			Reading{Position: 12.5, Newest: at, Pod: "lms-1"}, false},
		"nothing is known":           {200, `{"progress":[],"stale":true}`, Reading{Stale: true, Pod: "lms-1"}, false},
		"another status":             {503, `{}`, Reading{}, true},
		"an answer that is cut off":  {200, `{"progress":[{`, Reading{}, true},
		"a field of another meaning": {200, `{"progress":7}`, Reading{}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if q := r.URL.Query(); q.Get("userId") != "u" || q.Get("courseId") != "c" || q.Get("lessonId") != "l" || r.Header.Get("X-Learner") != "u" {
					t.Errorf("asked for %s of %q", r.URL, r.Header.Get("X-Learner"))
				}
				w.Header().Set(PodHeader, "lms-1")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))
			defer server.Close()
			got, err := NewClient(server.URL, server.Client()).WithUserHeader("X-Learner").Read(t.Context(), update.Key)
			if (err != nil) != tt.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" && !tt.fails {
				t.Error(diff)
			}
		})
	}
}

func TestAnEventIdIsSentBesideTheUpdate(t *testing.T) {
	var got map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	NewClient(server.URL, server.Client()).Send(t.Context(), "e1", update)
	if got["eventId"] != "e1" || got["userId"] != "u" || got["currentTime"] != 1.5 {
		t.Errorf("sent %v", got)
	}
}
