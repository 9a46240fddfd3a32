package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/state"
	"github.com/progress-sync/progress-sync/sidecar/status"
)

// listener is a client of the events.
type listener struct {
	*http.Response
	lines *bufio.Scanner
}

// listen opens a stream for a learner, or for nobody.
func listen(t *testing.T, server *httptest.Server, query, user string) *listener {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/sync/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.Header.Set("X-Progress-User", user)
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return &listener{response, bufio.NewScanner(response.Body)}
}

// next is the next state; false at the end of the stream.
func (l *listener) next(t *testing.T) (s state.SyncState, more bool) {
	t.Helper()
	for l.lines.Scan() {
		if data, found := strings.CutPrefix(l.lines.Text(), "data: "); found {
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				t.Fatal(err)
			}
			return s, true
		}
	}
	return s, false
}

func serve(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server
}

func TestALearnerHearsOnlyOfTheirOwnPart(t *testing.T) {
	d := newSessionDesk()
	d.state.sync = state.SyncState{Status: status.StatePending, PendingUpdates: 99, Writer: "w-1"}
	server := serve(t, d.Handler)
	ada, all := listen(t, server, "", "ada"), listen(t, server, "", "")
	for l, want := range map[*listener]int64{ada: 0, all: 99} {
		if s, _ := l.next(t); s.PendingUpdates != want || s.Writer != "w-1" {
			t.Errorf("it began with %+v, want %d pending", s, want)
		}
	}
	for _, user := range []string{"bob", "ada"} {
		expect(t, d.ask(t, from(post(item(user)), user)), http.StatusOK, nil)
	}
	if s, _ := ada.next(t); s.PendingUpdates != 1 {
		t.Errorf("then came %+v, want the learner's own update", s)
	}
}

func TestWhoMayListenToWhom(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		users []string
		code  int
		kind  string
	}{
		"another learner":  {"?userId=bob", []string{"ada"}, 403, "other-user"},
		"an empty header":  {"", []string{""}, 401, "user-header"},
		"two headers":      {"", []string{"ada", "bob"}, 400, "user-header"},
		"an empty learner": {"?userId=", nil, 400, "query"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSessionDesk()
			a := d.ask(t, from(httptest.NewRequest(http.MethodGet, "/v1/sync/events"+c.query, nil), c.users...))
			expect(t, a, c.code, map[string]any{"type": problemType + c.kind})
		})
	}
}

func TestWhatCantBeAStreamSaysWhy(t *testing.T) {
	d := newDesk()
	r := httptest.NewRequest(http.MethodPost, "/v1/sync/events", nil)
	a := d.ask(t, r)
	expect(t, a, http.StatusMethodNotAllowed, nil)
	if a.header.Get("Allow") != "GET" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	r = httptest.NewRequest(http.MethodGet, "/v1/sync/events", nil)
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0
	a = d.ask(t, r)
	expect(t, a, http.StatusHTTPVersionNotSupported, map[string]any{"type": problemType + "http-version"})
	if !strings.Contains(a.text, "HTTP/1.0") || !strings.Contains(a.text, "proxy_http_version 1.1") {
		t.Errorf("it does not say what to do: %s", a.text)
	}
	// A recorder can't bound the time of a write.
	a = d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync/events", nil))
	expect(t, a, http.StatusInternalServerError, map[string]any{"type": problemType + "no-streams"})
	if d.state.open() != 0 || d.streams.inside.Load() != 0 {
		t.Error("a place is still taken")
	}
}

func TestPlacesToListenAreBoundedAndGivenBack(t *testing.T) {
	d := newDesk()
	server := serve(t, d.Handler)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range maxStreams {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/sync/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", response, err)
		}
		defer response.Body.Close()
	}
	if n := d.state.open(); n != maxStreams {
		t.Errorf("the gauge says %d", n)
	}
	a := d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync/events", nil))
	expect(t, a, http.StatusServiceUnavailable, map[string]any{"type": problemType + "overloaded"})
	if a.header.Get("Retry-After") != "15" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	expect(t, d.ask(t, post(item("u"))), http.StatusOK, nil) // nobody else suffers
	leave()
	for d.state.open() > 0 {
		runtime.Gosched()
	}
	if _, more := listen(t, server, "", "").next(t); !more {
		t.Error("no place was given back")
	}
}

func TestStreamsEndBeforeTheServerWaitsForThem(t *testing.T) {
	d := newDesk()
	server := serve(t, d.Handler)
	l := listen(t, server, "", "")
	if _, more := l.next(t); !more {
		t.Fatal("no state")
	}
	d.EndStreams()
	d.EndStreams()
	if s, more := l.next(t); more {
		t.Errorf("got %+v after the end", s)
	}
	if err := l.lines.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Errorf("the stream broke off: %v", err)
	}
	if err := server.Config.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	expect(t, d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync/events", nil)), http.StatusServiceUnavailable,
		map[string]any{"type": problemType + "stopping"})
}

func TestErasuresAndReplaysAreToldToo(t *testing.T) {
	for _, target := range []string{"DELETE /v1/users/ada", "POST /v1/dead-letters/replay"} {
		d := newDesk()
		d.eraser = &fakeEraser{}
		changed := d.state.Changed()
		method, path, _ := strings.Cut(target, " ")
		d.ask(t, httptest.NewRequest(method, path, nil))
		select {
		case <-changed:
		default:
			t.Errorf("%s: nobody was told", target)
		}
	}
}

func TestEverySyncStateNamesTheSpool(t *testing.T) {
	d := newDesk()
	d.state.sync = state.SyncState{Status: status.StateSynced, Writer: "0c6f"}
	var got []any
	for _, a := range []answer{
		d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync", nil)),
		d.ask(t, httptest.NewRequest(http.MethodPost, "/v1/sync", nil)),
		d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/sync?userId=u", nil)),
	} {
		got = append(got, a.get(t, "writer"))
	}
	for _, a := range []answer{
		d.ask(t, post(item("u"))), d.ask(t, post(`[`+item("u")+`,7]`)),
		d.ask(t, httptest.NewRequest(http.MethodGet, "/v1/progress?userId=u", nil)),
		d.ask(t, httptest.NewRequest(http.MethodDelete, "/v1/progress?userId=u&courseId=c&lessonId=l", nil)),
	} {
		got = append(got, a.get(t, "sync", "writer"))
	}
	if diff := cmp.Diff([]any{"0c6f", "0c6f", "0c6f", "0c6f", "0c6f", "0c6f", "0c6f"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
