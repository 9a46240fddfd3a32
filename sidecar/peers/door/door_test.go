package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/test/kit"
)

func TestABatchOfAMemberReachesTheHome(t *testing.T) {
	h := newFixture(t)
	a := h.do(h.client(h.member), h.request(http.MethodPost, wire.UpdatesPath, goodBatch()))
	if a.status != http.StatusOK || a.proto != 2 {
		t.Fatalf("the answer is %+v", a)
	}
	if results, err := wire.DecodeAnswer([]byte(a.body), 1); err != nil || len(results) != 1 {
		t.Errorf("%v, %v", results, err)
	}
	want := []wire.Batch{{
		Sender: wire.Sender{7}, Number: 3, Updates: []progress.Update{{Key: progress.Key{UserID: "ada", CourseID: "c", LessonID: "l"}}},
	}}
	if diff := cmp.Diff(want, h.home.batches); diff != "" {
		t.Errorf("the home was given something else:\n%s", diff)
	}
}

func TestWhatTheHomeSaysOfABatchIsAnswered(t *testing.T) {
	for _, err := range []error{buffer.ErrNoSpace, buffer.ErrClosed, buffer.ErrFailed, wire.ErrSuperseded} {
		h := newFixture(t)
		h.home.err = err
		a := h.do(h.client(h.member), h.request(http.MethodPost, wire.UpdatesPath, goodBatch()))
		if _, got := wire.DecodeAnswer([]byte(a.body), 1); !errors.Is(got, err) {
			t.Errorf("%v is answered as %v", err, got)
		}
	}
}

// Who gets past one of these writes into the database of all learners.
func TestNobodyButMembersComesIn(t *testing.T) {
	for name, c := range map[string]struct {
		try  func(*fixture) error
		want string
	}{
		"without a certificate": {func(h *fixture) error {
			return h.fails(h.client())
		}, wire.RefusedHandshake},
		"with a key that is not registered": {func(h *fixture) error {
			return h.fails(h.client(newCertificate(h.t)))
		}, wire.RefusedUnregistered},
		"over plain HTTP": {func(h *fixture) error {
			conn, err := net.Dial("tcp", h.address)
			if err != nil {
				return err
			}
			defer conn.Close()
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxx", wire.UpdatesPath)
			answer, _ := io.ReadAll(conn)
			return fmt.Errorf("it answers: %s", answer)
		}, wire.RefusedHandshake},
		"with an older TLS": {func(h *fixture) error {
			conn, err := tls.Dial("tcp", h.address, &tls.Config{
				InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, Certificates: []tls.Certificate{h.member},
			})
			if err == nil {
				_ = conn.Close()
			}
			return err
		}, wire.RefusedHandshake},
		"over more connections than members have": {func(h *fixture) error {
			h.limit.Store(0)
			return h.fails(h.client(h.member))
		}, wire.RefusedConnections},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			if err := c.try(h); err == nil {
				t.Error("it came in")
			}
			h.wantRefused(c.want)
		})
	}
}

// What is refused after its body was read costs the memory that it was refused for.
func TestARequestIsRefusedBeforeItsBodyIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fixture, *http.Request)
		want   string
	}{
		"of no version":                                {func(_ *fixture, r *http.Request) { r.Header.Del(wire.VersionHeader) }, wire.RefusedProtocol},
		"of another version":                           {func(_ *fixture, r *http.Request) { r.Header.Set(wire.VersionHeader, "2") }, wire.RefusedProtocol},
		"that was handed on twice":                     {func(_ *fixture, r *http.Request) { r.Header.Set(wire.HopsHeader, "2") }, wire.RefusedTwice},
		"that does not say how often it was handed on": {func(_ *fixture, r *http.Request) { r.Header.Del(wire.HopsHeader) }, wire.RefusedTwice},
		"that is too large":                            {func(_ *fixture, r *http.Request) { r.ContentLength = wire.MaxBody + 1 }, wire.RefusedTooLarge},
		"that does not say how large it is":            {func(_ *fixture, r *http.Request) { r.ContentLength = -1 }, wire.RefusedTooLarge},
		"while others take all the room":               {func(h *fixture, _ *http.Request) { h.server.inFlight.Store(1 << 20) }, wire.RefusedOverloaded},
		"of one that is no member any more":            {func(h *fixture, _ *http.Request) { h.gone.Store(true) }, wire.RefusedUnregistered},
		"while the sidecar stops":                      {func(h *fixture, _ *http.Request) { h.server.Stop() }, wire.RefusedStopping},
		"to a path that is not there":                  {func(_ *fixture, r *http.Request) { r.URL.Path = "/peer/v1/other" }, wire.RefusedNotFound},
		"to the API, past its prefix":                  {func(_ *fixture, r *http.Request) { r.URL.Path = "/v1/progress" }, wire.RefusedNotFound},
		"to the pages for people":                      {func(_ *fixture, r *http.Request) { r.URL.Path = wire.APIPath + "/ui" }, wire.RefusedNotFound},
		"with a method that is not there":              {func(_ *fixture, r *http.Request) { r.Method = http.MethodPut }, wire.RefusedNotFound},
		"of the API that was handed on twice": {func(_ *fixture, r *http.Request) {
			r.URL.Path = wire.APIPath + "/v1/progress"
			r.Header.Set(wire.HopsHeader, "2")
		}, wire.RefusedTwice},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.api = func(http.ResponseWriter, *http.Request) { t.Error("the API was asked") }
			body := &endlessBody{}
			r := h.request(http.MethodPost, wire.UpdatesPath, body)
			r.ContentLength = wire.MaxBody
			c.change(h, r)
			if a := h.do(h.client(h.member), r); a.refused != c.want || a.status < 400 {
				t.Errorf("it is answered with %+v", a)
			}
			h.wantRefused(c.want)
			// What one window of the stream takes has left the client by itself.
			if sent := body.read.Load(); sent > 4<<20 {
				t.Errorf("%d bytes of the body were read", sent)
			}
		})
	}
}

func TestAPageOfEventIDsIsTaken(t *testing.T) {
	page := wire.Events{View: 7, Last: true, IDs: []spool.EventID{{1}, {2}}}
	for name, c := range map[string]struct {
		body    []byte
		err     error
		status  int
		refused string
		pages   int
	}{
		"and answered when the disk has it": {wire.AppendEvents(nil, &page), nil, http.StatusNoContent, "", 1},
		"and not confirmed before":          {wire.AppendEvents(nil, &page), buffer.ErrNoSpace, http.StatusServiceUnavailable, "", 1},
		"unless it is none":                 {[]byte("ids"), nil, http.StatusBadRequest, wire.RefusedMalformed, 0},
		"or larger than one":                {make([]byte, wire.MaxEventsBody+1), nil, http.StatusRequestEntityTooLarge, wire.RefusedTooLarge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newFixture(t)
			h.events.err = c.err
			a := h.do(h.client(h.member), h.request(http.MethodPost, wire.EventsPath, bytes.NewReader(c.body)))
			if a.status != c.status || a.refused != c.refused || len(h.events.pages) != c.pages {
				t.Errorf("it is answered with %+v, and %d pages are taken", a, len(h.events.pages))
			}
			if c.pages > 0 {
				if diff := cmp.Diff(page, h.events.pages[0]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// endlessBody counts what is read of it.
type endlessBody struct{ read atomic.Int64 }

func (b *endlessBody) Read(p []byte) (int, error) {
	b.read.Add(int64(len(p)))
	return len(p), nil
}

// A member shows another key each day. On a connection that stays open it would be
// refused for good, once the key that it has shown there is forgotten.
func TestAConnectionWhoseKeyIsForgottenEnds(t *testing.T) {
	h := newFixture(t)
	c := h.client(h.member)
	hello := func() (answer, bool) {
		reused := false
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
		a := h.do(c, h.request(http.MethodGet, wire.HelloPath, http.NoBody).WithContext(ctx))
		return a, reused
	}
	hello()
	h.gone.Store(true)
	if a, reused := hello(); a.refused != wire.RefusedUnregistered || !reused {
		t.Errorf("it is answered with %+v, on the same connection: %v", a, reused)
	}
	h.gone.Store(false)
	kit.Eventually(t, "another connection", func() error {
		a, reused := hello()
		return kit.Unless(a.status == http.StatusNoContent && !reused, a)
	})
}

func TestABodyThatIsNoBatchIsRefused(t *testing.T) {
	h := newFixture(t)
	a := h.do(h.client(h.member), h.request(http.MethodPost, wire.UpdatesPath, strings.NewReader("hello")))
	if a.refused != wire.RefusedMalformed {
		t.Errorf("it is answered with %+v", a)
	}
	h.wantRefused(wire.RefusedMalformed)
}

func TestAHelloIsAnswered(t *testing.T) {
	h := newFixture(t)
	a := h.do(h.client(h.member), h.request(http.MethodGet, wire.HelloPath, http.NoBody))
	if a.status != http.StatusNoContent || a.version != "1" {
		t.Errorf("it is answered with %+v", a)
	}
}

func TestTheAPIKnowsThatARequestWasHandedOn(t *testing.T) {
	h := newFixture(t)
	h.api = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.Method, " ", r.Host, " ", r.URL, " ", r.RequestURI, " ", r.Header.Get("X-User"), " ", wire.IsHandedOn(r.Context()), " ", string(body))
	}
	r := h.request(http.MethodPost, wire.APIPath+"/v1/sync%2F?userId=a%20b", strings.NewReader("{}"))
	r.Header.Set("X-User", "ada")
	a := h.do(h.client(h.member), r)
	if want := "POST localhost /v1/sync%2F?userId=a%20b /v1/sync%2F?userId=a%20b ada true {}"; a.body != want || a.status != http.StatusTeapot {
		t.Errorf("it is answered with %+v, want %q", a, want)
	}
	if wire.IsHandedOn(context.Background()) {
		t.Error("a context is marked that nobody marked")
	}
}

func TestAStreamIsFlushedAtOnce(t *testing.T) {
	h := newFixture(t)
	read := make(chan struct{})
	h.api = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "event")
		_ = http.NewResponseController(w).Flush()
		<-read
	}
	answer, err := h.client(h.member).Do(h.request(http.MethodGet, wire.APIPath+"/v1/sync/events", http.NoBody))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	event := make([]byte, 5)
	if _, err := io.ReadFull(answer.Body, event); err != nil || !bytes.Equal(event, []byte("event")) {
		t.Errorf("%q, %v", event, err)
	}
	close(read)
}

// What was read is answered before the sidecar goes, or its callers are in doubt.
func TestShutdownAnswersWhatIsUnderWay(t *testing.T) {
	h := newFixture(t)
	entered, release := make(chan struct{}), make(chan struct{})
	h.home.during = func() {
		close(entered)
		<-release
	}
	c := h.client(h.member)
	statuses := make(chan int, 1)
	go func() {
		answer, err := c.Do(h.request(http.MethodPost, wire.UpdatesPath, goodBatch()))
		if err != nil {
			t.Error(err)
			statuses <- 0
			return
		}
		_ = answer.Body.Close()
		statuses <- answer.StatusCode
	}()
	<-entered
	h.server.Stop()
	if a := h.do(c, h.request(http.MethodPost, wire.UpdatesPath, goodBatch())); a.refused != wire.RefusedStopping {
		t.Errorf("one that comes later is answered with %+v", a)
	}
	down := make(chan struct{})
	go func() {
		defer close(down)
		h.server.Shutdown(context.Background())
	}()
	close(release)
	if status := <-statuses; status != http.StatusOK {
		t.Errorf("it is answered with %d", status)
	}
	<-down
}

func TestAConnectionThatEndedMakesRoomForAnother(t *testing.T) {
	h := newFixture(t)
	h.limit.Store(1)
	for range 3 {
		c := h.client(h.member)
		// The server learns of the end of a connection in its own time.
		for {
			answer, err := c.Do(h.request(http.MethodGet, wire.HelloPath, http.NoBody))
			if err == nil {
				_ = answer.Body.Close()
				break
			}
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
		}
		c.CloseIdleConnections()
	}
}
