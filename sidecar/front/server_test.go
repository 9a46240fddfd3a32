package front_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/front"
)

// client is one connection to a server.
type client struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func connect(t testing.TB, address string) *client {
	t.Helper()
	c := dial(t, address)
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{c, t, bufio.NewReader(c)}
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// answer is what a client wants to know of one.
type answer struct {
	status string
	last   bool // the connection ends with it
	text   string
}

func (c *client) answer() answer {
	c.t.Helper()
	a, err := readAnswer(c.in)
	if err != nil {
		c.t.Fatalf("reading an answer: %v", err)
	}
	return a
}

func readAnswer(in *bufio.Reader) (answer, error) {
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = r.Body.Close() }()
	text, err := io.ReadAll(r.Body)
	return answer{r.Status, r.Close, string(text)}, err
}

// expectEnd fails unless the server closes the connection without another byte.
func (c *client) expectEnd() {
	c.t.Helper()
	more, err := io.ReadAll(c.in)
	var late net.Error
	if len(more) > 0 || errors.As(err, &late) && late.Timeout() {
		c.t.Fatalf("the connection was not closed: %q, %v", more, err)
	}
}

// countingListener waits for the end of its connections.
type countingListener struct {
	net.Listener
	open sync.WaitGroup
}

type countedConn struct {
	net.Conn
	leave func()
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &countedConn{c, sync.OnceFunc(l.open.Done)}, nil
}

func (c *countedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}

func TestAConnectionIsGivenBackHoweverItEnds(t *testing.T) {
	inner := listen(t)
	l := &countingListener{Listener: inner}
	serveOn(t, front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Panic") != "" {
			panic("as asked for")
		}
		echo(w, r)
	})), refuser{}, plainPath), l)
	for _, sent := range conversations {
		all(t, inner.Addr().String(), sent)
	}
	all(t, inner.Addr().String(), post("2", "X-Panic: 1")+"hi")
	l.open.Wait()
}

func TestAPanicEndsTheConnectionAndIsLogged(t *testing.T) {
	var logged strings.Builder
	h := settings(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a mistake") }))
	h.ErrorLog = log.New(&logged, "", 0)
	s := front.New(h, refuser{}, plainPath)
	c := connect(t, serve(t, s))
	c.send(post("2") + "hi")
	c.expectEnd()
	if err := s.Shutdown(t.Context()); err != nil { // waits for the goroutine that logs
		t.Fatal(err)
	}
	if !strings.Contains(logged.String(), "a mistake") {
		t.Errorf("logged %q", logged.String())
	}
}

func TestABodyMayComeInParts(t *testing.T) {
	arrived := make(chan struct{}, 1)
	c := connect(t, serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 2)
		_, _ = io.ReadFull(r.Body, first)
		arrived <- struct{}{}
		rest, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s%s", first, rest)
	}))))
	body := strings.Repeat("0123456789", 1000)
	c.send(post("10000") + body[:2])
	<-arrived
	c.send(body[2:] + post("2") + "hi")
	if text := c.answer().text; text != body {
		t.Errorf("got %d bytes", len(text))
	}
	if text := c.answer().text; text != "hi" {
		t.Errorf("got %s", text)
	}
}

func TestABodyThatTheHandlerLeavesIsNotTheNextRequest(t *testing.T) {
	c := connect(t, serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Number"))
	}))))
	inner := post("0", "X-Number: smuggled")
	for i := range 3 {
		c.send(post(fmt.Sprint(len(inner)), fmt.Sprintf("X-Number: %d", i)) + inner)
		if text := c.answer().text; text != fmt.Sprint(i) {
			t.Fatalf("request %d got the answer %q", i, text)
		}
	}
}

func TestTheHeaderOfARequestIsItsOwn(t *testing.T) {
	var kept []string
	c := connect(t, serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = append(kept, r.Header.Get("X-User"))
		w.WriteHeader(http.StatusNoContent)
	}))))
	for _, user := range []string{"ann", "bob", "bob", "cleo"} {
		c.send(post("0", "X-User: "+user))
		c.answer()
	}
	c.send(post("0"))
	c.answer()
	if got := strings.Join(kept, ","); got != "ann,bob,bob,cleo," {
		t.Errorf("got %s", got)
	}
}

func TestAStreamThatFollowsAPlainRequestIsNotHeldBack(t *testing.T) {
	next, ended := make(chan struct{}), make(chan struct{})
	c := connect(t, serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			echo(w, r)
			return
		}
		defer close(ended)
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			_, _ = io.WriteString(w, "event: state\n\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
		}
	}))))
	c.send(post("2") + "hi")
	c.answer()
	c.send("GET /v1/sync/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	for range 3 {
		event := make([]byte, len("event: state\n\n"))
		if _, err := io.ReadFull(r.Body, event); err != nil {
			t.Fatalf("after %q: %v", event, err)
		}
		next <- struct{}{}
	}
	_ = c.Close()
	<-ended // net/http saw that the client has gone
}

func TestAnExpectedBodyIsAskedFor(t *testing.T) {
	c := connect(t, serveFront(t, settings(http.HandlerFunc(echo))))
	c.send(post("2", "Expect: 100-continue"))
	if line, err := c.in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := c.in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c.send("hi")
	if text := c.answer().text; !strings.Contains(text, " 2 bytes ") {
		t.Errorf("got %s", text)
	}
}

func TestShutdownWaitsForRequestsAndClosesIdleConnections(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s := front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Wait") != "" {
			entered <- struct{}{}
			<-leave
		}
		echo(w, r)
	})), refuser{}, plainPath)
	address := serve(t, s)
	untouched, used, busy := connect(t, address), connect(t, address), connect(t, address)
	used.send(post("2") + "hi")
	used.answer()
	busy.send(post("2", "X-Wait: 1") + "hi")
	<-entered

	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(short); !errors.Is(err, context.Canceled) {
		t.Errorf("with a request under way, Shutdown returned %v at the end of its time", err)
	}
	untouched.expectEnd()
	used.expectEnd()
	if c, err := net.Dial("unix", address); err == nil {
		_ = c.Close()
		t.Error("a connection is taken after Shutdown")
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(t.Context()) }()
	close(leave)
	if a := busy.answer(); a.status != "200 OK" || !a.last {
		t.Errorf("the request under way got %s, and then the connection ends: %v", a.status, a.last)
	}
	busy.expectEnd()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown returned %v after the last request", err)
	}
}

// Who gets no answer sends again; what was handled would be there twice.
func TestWhatIsHandledIsAnsweredWheneverTheServerShutsDown(t *testing.T) {
	for range 30 {
		var handled atomic.Int32
		s := front.New(settings(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			handled.Add(1)
			w.WriteHeader(http.StatusNoContent)
		})), refuser{}, plainPath)
		l := listen(t)
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(l) }()
		c := connect(t, l.Addr().String())
		c.send(post("2") + "hi")
		c.answer()
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(t.Context()) }()
		_, _ = io.WriteString(c, post("2")+"hi"+post("2")+"hi")
		text, _ := io.ReadAll(c.in)
		if answers := strings.Count(string(text), "HTTP/1.1 204 "); answers+1 != int(handled.Load()) {
			t.Fatalf("%d requests were handled, %d answered", handled.Load(), answers+1)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		<-ended //nolint:errcheck // it was shut down
	}
}

func TestCloseCutsOffRequestsUnderWay(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	defer close(leave)
	s := front.New(settings(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	})), refuser{}, plainPath)
	c := connect(t, serve(t, s))
	c.send(post("2") + "hi")
	<-entered
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.expectEnd()
}

func TestServeEndsWithItsListener(t *testing.T) {
	l := listen(t)
	s := front.New(settings(http.HandlerFunc(echo)), refuser{}, plainPath)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	_ = l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
	_ = s.Close()
}

func TestAPanicOfAnyRouteEndsItsConnectionAndNoOther(t *testing.T) {
	address := serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Panic") != "" {
			panic("as asked for")
		}
		echo(w, r)
	})))
	other := connect(t, address)
	c := connect(t, address)
	c.send("GET /v1/sync HTTP/1.1\r\nHost: localhost\r\nX-Panic: 1\r\n\r\n")
	c.expectEnd()
	other.send(readState)
	if a := other.answer(); a.status != "200 OK" {
		t.Errorf("another connection got %s", a.status)
	}
}

// Who could choose the host by the path would pass for this machine.
func TestTheHostIsThatOfTheHeaderWhateverThePath(t *testing.T) {
	c := connect(t, serveFront(t, settings(http.HandlerFunc(echo))))
	c.send("GET //localhost/v1/sync HTTP/1.1\r\nHost: evil.example\r\n\r\n")
	if text := c.answer().text; !strings.Contains(text, ` host "evil.example" `) {
		t.Errorf("got %s", text)
	}
}

// A route that reads no body must not keep one in memory, which chunks would let
// grow without end.
func TestABodyOfAnotherRouteIsNotRead(t *testing.T) {
	reached := make(chan int64, 1)
	c := connect(t, serveFront(t, settings(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached <- r.ContentLength
		w.WriteHeader(http.StatusNoContent)
	}))))
	c.send("POST /v1/sync HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n")
	if n := <-reached; n != 0 { // before any of the chunk came
		t.Errorf("a body of %d bytes was read", n)
	}
	if a := c.answer(); a.status != "204 No Content" {
		t.Errorf("got %s", a.status)
	}
}
