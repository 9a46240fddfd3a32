package front_test

import (
	"bufio"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

// stream sends an event every so often, and gives the client a minute to take it.
func stream(every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		for control.SetWriteDeadline(time.Now().Add(time.Minute)) == nil {
			_, _ = io.WriteString(w, "event: state\n\n")
			if control.Flush() != nil {
				return
			}
			select {
			case <-time.After(every):
			case <-r.Context().Done():
				return
			}
		}
	}
}

const readEvents = "GET /v1/sync/events HTTP/1.1\r\nHost: localhost\r\n\r\n"

func TestAStreamLastsForAsLongAsItsClientReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, stop := slow(stream(20 * time.Second))
		defer stop()
		if _, err := io.WriteString(client, readEvents); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(client), nil) //nolint:bodyclose // that would read it to its end
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 { // half an hour
			if _, err := io.ReadFull(response.Body, make([]byte, len("event: state\n\n"))); err != nil {
				t.Fatalf("event %d: %v", i, err)
			}
		}
	})
}

func TestAStreamWhoseClientDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		client, stop := slow(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			stream(time.Second)(w, r)
		})
		defer stop()
		start := time.Now()
		if _, err := io.WriteString(client, readEvents); err != nil {
			t.Fatal(err)
		}
		<-ended
		if after := time.Since(start); after > 2*time.Minute {
			t.Errorf("was cut off after %s", after)
		}
	})
}

// A handler that streams must not outlive the server: what it works with is closed then.
func TestShutdownWaitsForAStreamWhoseClientHasGone(t *testing.T) {
	var handling sync.WaitGroup
	s := front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer handling.Done()
		stream(time.Minute)(w, r)
	})), refuser{}, plainPath)
	c := connect(t, serve(t, s))
	handling.Add(1)
	c.send(readEvents)
	if _, err := c.in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	handling.Wait()
}

func TestAPanicInAStreamCutsItOffAndIsLogged(t *testing.T) {
	var logged strings.Builder
	h := settings(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "event: state\n\n")
		_ = http.NewResponseController(w).Flush()
		panic("a mistake")
	}))
	h.ErrorLog = log.New(&logged, "", 0)
	s := front.New(h, refuser{}, plainPath)
	c := connect(t, serve(t, s))
	c.send(readEvents + readState)
	text, _ := io.ReadAll(c.in)
	if got := string(text); strings.Count(got, "HTTP/1.1 ") != 1 || strings.Contains(got, "\r\n0\r\n") {
		t.Errorf("the client got %q, which looks whole", got)
	}
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := logged.String(); strings.Count(got, "a mistake") != 1 || !strings.Contains(got, "streams_test.go") {
		t.Errorf("logged %q", got)
	}
}
