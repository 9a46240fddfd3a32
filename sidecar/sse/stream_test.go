package sse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pass lets time go by on the bubble's clock.
func pass(d time.Duration) { <-time.After(d) }

// number is a state that counts.
type number struct {
	mu      sync.Mutex
	n       int
	asked   int
	changed chan struct{}
}

func newNumber() *number { return &number{changed: make(chan struct{})} }

func (n *number) source() Source {
	return Source{
		Append: func(b []byte) []byte {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.asked++
			return fmt.Appendf(b, `{"n":%d}`, n.n)
		},
		Changed: func() <-chan struct{} {
			n.mu.Lock()
			defer n.mu.Unlock()
			return n.changed
		},
	}
}

// set changes the state; quietly, nobody is told.
func (n *number) set(to int, quietly bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.n = to
	if !quietly {
		close(n.changed)
		n.changed = make(chan struct{})
	}
}

// world is a server on a network of pipes, in which a write waits for its
// reader. It has the sidecar's time limits, and its clock is that of the bubble.
type world struct {
	*http.Server
	state  *number
	end    chan struct{}
	pipes  pipes
	served sync.WaitGroup
}

func newWorld(t *testing.T) *world {
	w := &world{state: newNumber(), end: make(chan struct{}), pipes: make(pipes)}
	w.Server = &http.Server{
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 45 * time.Second,
		Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			w.served.Add(1)
			defer w.served.Done()
			if err := Serve(out, r, w.state.source(), w.end); err != nil {
				t.Error(err)
			}
		}),
	}
	go func() { _ = w.Serve(w.pipes) }()
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// pipes is a listener to which connections are sent.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error {
	close(p)
	return nil
}

func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

// client is a browser's end of a stream, and when each line came.
type client struct {
	conn    net.Conn
	headers http.Header
	mu      sync.Mutex
	lines   []string
	at      []time.Duration
	err     error // io.EOF where the answer ended as it should
	began   time.Time
}

// open asks for a stream; the client reads on its own.
func (w *world) open(t *testing.T, lastEventID string) *client {
	t.Helper()
	near, far := net.Pipe()
	w.pipes <- far
	c := &client{conn: near, began: time.Now()}
	t.Cleanup(func() { _ = near.Close() })
	request := "GET / HTTP/1.1\r\nHost: localhost\r\n"
	if lastEventID != "" {
		request += "Last-Event-ID: " + lastEventID + "\r\n"
	}
	if _, err := io.WriteString(near, request+"\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

// read reads until the stream ends.
func (c *client) read(t *testing.T) *client {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(c.conn), nil) //nolint:bodyclose // whoever reads it closes it
	if err != nil {
		t.Fatal(err)
	}
	c.headers = response.Header
	go func() {
		defer response.Body.Close()
		lines := bufio.NewReader(response.Body)
		for {
			line, err := lines.ReadString('\n')
			c.mu.Lock()
			if err != nil {
				c.err = err
				c.mu.Unlock()
				return
			}
			c.lines, c.at = append(c.lines, strings.TrimSuffix(line, "\n")), append(c.at, time.Since(c.began))
			c.mu.Unlock()
		}
	}()
	return c
}

// got is all lines of a kind so far, without their names, once all is still.
func (c *client) got(kind string) (values []string, at []time.Duration) {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, line := range c.lines {
		if value, found := strings.CutPrefix(line, kind); found {
			values, at = append(values, value), append(at, c.at[i])
		}
	}
	return values, at
}

func (c *client) ended() error {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func expect[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAStreamBeginsWithTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.open(t, "").read(t)
		ids, _ := c.got("id: ")
		if len(ids) != 1 {
			t.Fatalf("got %q", c.lines)
		}
		expect(t, "lines", c.lines, []string{"retry: 3000", "", "event: state", "id: " + ids[0], `data: {"n":0}`, ""})
		for name, want := range map[string]string{
			"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
		} {
			expect(t, name, c.headers.Get(name), want)
		}
	})
}

func TestAClientThatHasTheStateIsToldOnlyOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ids, _ := w.open(t, "").read(t).got("id: ")
		again := w.open(t, ids[0]).read(t)
		states, _ := again.got("data: ")
		expect(t, "states of one that has it", states, nil)
		w.state.set(1, false)
		states, _ = again.got("data: ")
		expect(t, "states at once after a change", states, nil)
		pass(Interval)
		states, _ = again.got("data: ")
		expect(t, "states after a change", states, []string{`{"n":1}`})

		late := w.open(t, ids[0]).read(t)
		states, _ = late.got("data: ")
		expect(t, "states of one that has an older one", states, []string{`{"n":1}`})
	})
}

func TestManyChangesAreFewEventsAndTheLastStateComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.open(t, "").read(t)
		synctest.Wait()
		for i := range 1000 {
			pass(time.Millisecond)
			w.state.set(i+1, false)
		}
		pass(Interval)
		states, at := c.got("data: ")
		if len(states) < 4 || len(states) > 6 || states[len(states)-1] != `{"n":1000}` {
			t.Errorf("got %q", states)
		}
		for i := range at[1:] {
			if pause := at[i+1] - at[i]; pause < Interval {
				t.Errorf("events %s apart", pause)
			}
		}
		if w.state.asked > 7 {
			t.Errorf("the state was computed %d times for %d events", w.state.asked, len(states))
		}
	})
}

func TestAChangeThatIsUndoneIsNoEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.open(t, "").read(t)
		synctest.Wait()
		w.state.set(1, false)
		w.state.set(0, false)
		pass(time.Second)
		states, _ := c.got("data: ")
		expect(t, "states", states, []string{`{"n":0}`})
	})
}

// The limits of the server are for answers that end: 15 s to read, 45 s to
// write.
func TestAStreamLivesOnHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.open(t, "").read(t)
		synctest.Wait()
		pass(10 * time.Minute)
		beats, at := c.got(": heartbeat")
		if len(beats) != 40 || at[0] != Heartbeat || at[39] != 10*time.Minute {
			t.Errorf("%d heartbeats at %v", len(beats), at)
		}
		states, _ := c.got("data: ")
		expect(t, "states", states, []string{`{"n":0}`})

		w.state.set(1, true)
		pass(Heartbeat)
		states, _ = c.got("data: ")
		expect(t, "states after a change that nobody told of", states, []string{`{"n":0}`, `{"n":1}`})
		expect(t, "end", c.ended(), nil)
	})
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.open(t, "") // and never reads
		began := time.Now()
		synctest.Wait()
		w.served.Wait()
		if took := time.Since(began); took != patience {
			t.Errorf("it was served for %s", took)
		}
	})
}

func TestAStreamEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.open(t, "").read(t)
		synctest.Wait()
		if err := c.conn.Close(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		w.served.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("it was served for another %s", took)
		}
	})
}

func TestAStreamEndsWithTheSidecar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		quiet, busy := w.open(t, "").read(t), w.open(t, "").read(t)
		synctest.Wait()
		pass(time.Hour) // the deadline of the last write is long past
		w.state.set(1, false)
		began := time.Now()
		close(w.end)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := w.Shutdown(ctx); err != nil {
			t.Errorf("the server waits for its streams: %v", err)
		}
		for _, c := range []*client{quiet, busy} {
			if err := c.ended(); !errors.Is(err, io.EOF) {
				t.Errorf("a stream ended after %s with %v", time.Since(began), err)
			}
		}
	})
}

func TestWhatCantStreamIsLeftToTheCaller(t *testing.T) {
	for name, w := range map[string]http.ResponseWriter{
		"no deadlines": httptest.NewRecorder(),
		"nothing":      struct{ http.ResponseWriter }{httptest.NewRecorder()},
	} {
		t.Run(name, func(t *testing.T) {
			err := Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), newNumber().source(), nil)
			if !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("got %v", err)
			}
			if len(w.Header()) > 0 {
				t.Errorf("it has answered %v", w.Header())
			}
		})
	}
}
