package ingest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/front"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// served runs a handler behind the server that the sidecar has, where a client has
// the given time for a request.
func served(t *testing.T, h *Handler, patience time.Duration) (address string, s *front.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = front.New(&http.Server{
		Handler: h, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
	}, h, BodyPaths()...)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve ended with %v", err)
		}
	})
	return l.Addr().String(), s
}

// said sends bytes, then no more if the client ends there, and returns all that
// comes until the server closes the connection.
func said(t *testing.T, address, text string, ends bool) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if ends {
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func head(path, version string, fields ...string) string {
	return "POST " + path + " " + version + "\r\nHost: localhost\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n"
}

// Updates that did not arrive would be in no number otherwise, and nobody would know
// that a proxy cuts them off.
func TestUpdatesThatDoNotArriveAreCountedAndNothingOfThemIsKept(t *testing.T) {
	const line = `{"userId":"ada","courseId":"c","lessonId":"l","currentTime":1}` + "\n"
	many := strings.Repeat(line, 1000)
	lines, length := "Content-Type: application/x-ndjson", fmt.Sprintf("Content-Length: %d", len(many)+len(line))
	for name, sent := range map[string]string{
		"nothing of the body":                head(progressPath, "HTTP/1.1", "Content-Length: 50"),
		"a part of the body":                 head(progressPath, "HTTP/1.1", "Content-Length: 500") + line,
		"all of the body's lines but one":    head(progressPath, "HTTP/1.1", lines, length) + many,
		"the same over HTTP/1.0":             head(progressPath, "HTTP/1.0", lines, length) + many,
		"the same for an escaped path":       head("/v1/%70rogress", "HTTP/1.1", lines, length) + many,
		"a part of a chunk":                  head(progressPath, "HTTP/1.1", lines, "Transfer-Encoding: chunked") + "200\r\n" + line,
		"whole chunks without the last":      head(progressPath, "HTTP/1.1", lines, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n", len(line), line),
		"no chunk":                           head(progressPath, "HTTP/1.1", lines, "Transfer-Encoding: chunked"),
		"the trailers without their end":     head(progressPath, "HTTP/1.1", lines, "Transfer-Encoding: chunked") + fmt.Sprintf("%x\r\n%s\r\n0\r\nA: b\r\n", len(line), line),
		"a part of the other path's body":    head(completePath, "HTTP/1.1", "Content-Length: 50") + "{",
		"a body that the client may send":    head(progressPath, "HTTP/1.1", "Content-Length: 50", "Expect: 100-continue"),
		"a part of a body that it was asked": head(progressPath, "HTTP/1.1", "Content-Length: 50", "Expect: 100-continue") + "{",
	} {
		for way, ends := range map[string]bool{"the client ends": true, "the time is up": false} {
			t.Run(name+", "+way, func(t *testing.T) {
				d := newDesk()
				address, _ := served(t, d.Handler, 50*time.Millisecond)
				answer := said(t, address, sent, ends)
				if !strings.Contains(answer, " 400 Bad Request\r\n") || !strings.Contains(answer, "urn:progress-sync:problem:incomplete") {
					t.Errorf("the client was told %q", answer)
				}
				if diff := cmp.Diff(map[string]int{"malformed": 1}, d.state.rejected); diff != "" || d.state.accepted != 0 || len(d.buffer.records) != 0 {
					t.Errorf("accepted %d, kept %d, rejected (-want +got):\n%s", d.state.accepted, len(d.buffer.records), diff)
				}
			})
		}
	}
	for name, sent := range map[string]string{
		"nothing":        "",
		"half a head":    head(progressPath, "HTTP/1.1", "Content-Length: 50")[:40],
		"no more bodies": head(progressPath, "HTTP/1.1", fmt.Sprintf("Content-Length: %d", len(line))) + line,
	} {
		for way, ends := range map[string]bool{"the client ends": true, "the time is up": false} {
			if name == "no more bodies" && !ends {
				continue // that is the time of an idle connection
			}
			t.Run(name+", "+way, func(t *testing.T) {
				d := newDesk()
				address, _ := served(t, d.Handler, 50*time.Millisecond)
				if answer := said(t, address, sent, ends); len(d.state.rejected) > 0 {
					t.Errorf("rejected %v, and told the client %q", d.state.rejected, answer)
				}
			})
		}
	}
}

// A client that asks first need not send what is refused anyway.
func TestABodyThatIsRefusedWhateverItSaysIsNotAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		header, code string
		rejected     map[string]int
	}{
		"too many bytes":      {"Content-Length: 9000000", "413 Request Entity Too Large", map[string]int{"too_large": 1}},
		"another media type":  {"Content-Length: 50\r\nContent-Type: image/png", "415 Unsupported Media Type", map[string]int{"media_type": 1}},
		"another host":        {"Content-Length: 50\r\nHost: evil", "400 Bad Request", map[string]int{}},
		"a page of elsewhere": {"Content-Length: 50\r\nSec-Fetch-Site: cross-site", "403 Forbidden", map[string]int{"cross_origin": 1}},
		"no learner":          {"Content-Length: 50", "401 Unauthorized", map[string]int{"user_header": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			if name == "no learner" {
				limits := LimitsOf(config.Default())
				limits.UserHeader = "X-User"
				d.SetLimits(limits)
			}
			address, _ := served(t, d.Handler, time.Minute)
			answer := said(t, address, head(progressPath, "HTTP/1.1", c.header, "Expect: 100-continue"), false)
			if !strings.HasPrefix(answer, "HTTP/1.1 "+c.code+"\r\n") || !strings.Contains(answer, "\r\nConnection: close\r\n") {
				t.Errorf("the client was told %q", answer)
			}
			if diff := cmp.Diff(c.rejected, d.state.rejected); diff != "" {
				t.Errorf("rejected (-want +got):\n%s", diff)
			}
		})
	}
}

// line is a client's connection.
type line struct {
	net.Conn
	in *bufio.Reader
}

// ask sends a request and returns the status of its answer.
func (w *line) ask(request string) (int, error) {
	if _, err := io.WriteString(w, request); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(w.in, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// Whoever serves requests from memory that it uses again would give one learner's
// progress to another if anything of a request were kept.
func TestEveryLearnerFindsTheirOwnRecordWhateverElseCameOverTheConnection(t *testing.T) {
	const connections, learners = 4, 60
	kept, err := buffer.Open(buffer.Options{Dir: t.TempDir(), Policy: buffer.Policy{Terms: timing.Only(timing.Terms{Interval: time.Hour}, 0), MaxPendingRecords: 10_000}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	d := newDesk()
	limits := LimitsOf(config.Default())
	limits.UserHeader = "X-User"
	h := New(Options{Buffer: kept, Syncer: d.syncer, Reader: d.reader, State: d.state, Limits: limits})
	address, _ := served(t, h, time.Minute)
	id := func(c, i int) string { return fmt.Sprintf("learner-%d-%d-%s", c, i, strings.Repeat("x", i%7)) }
	want := map[string]float64{}
	var all sync.WaitGroup
	for c := range connections {
		for i := range learners {
			want[id(c, i)] = float64(1000*c + i)
		}
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			w := &line{conn, bufio.NewReader(conn)}
			for i := range learners {
				user := id(c, i)
				body := fmt.Sprintf(`{"courseId":"c-%[1]s","lessonId":"l-%[1]s","currentTime":%d}`, user, 1000*c+i)
				for _, request := range []string{
					"DELETE " + progressPath + "?courseId=c-" + user + "&lessonId=l-" + user + " HTTP/1.1\r\nHost: localhost\r\nX-User: " + user + "\r\n\r\n",
					head(progressPath, "HTTP/1.1", "X-User: "+user, fmt.Sprintf("Content-Length: %d", len(body))) + body,
					head(completePath, "HTTP/1.1", "X-User: "+user, "Content-Length: 9") + "not JSON!",
				} {
					if _, err := w.ask(request); err != nil {
						t.Errorf("%s: %v", user, err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	got := map[string]float64{}
	for _, held := range kept.Unsaved(buffer.Filter{}) {
		r := &held.Record
		got[r.UserID] = r.Position
		if r.CourseID != "c-"+r.UserID || r.LessonID != "l-"+r.UserID {
			t.Errorf("%s has a record of %s, %s", r.UserID, r.CourseID, r.LessonID)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// A disk that hangs keeps the requests that wait for it, and must not keep the
// process.
func TestAShutdownDoesNotWaitForADiskThatHangs(t *testing.T) {
	d := newDesk()
	d.buffer.putUntil = make(chan struct{})
	address, s := served(t, d.Handler, time.Minute)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"userId":"ada","courseId":"c","lessonId":"l"}`
	if _, err := io.WriteString(conn, head(progressPath, "HTTP/1.1", fmt.Sprintf("Content-Length: %d", len(body)))+body); err != nil {
		t.Fatal(err)
	}
	for d.requests.inside.Load() == 0 {
		select {
		case <-t.Context().Done():
		case <-time.After(time.Millisecond):
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v while an update waits for the disk", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if answer, _ := io.ReadAll(conn); len(answer) > 0 {
		t.Errorf("the update was answered with %q", answer)
	}
	close(d.buffer.putUntil)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown returned %v once the disk goes on", err)
	}
	if _, held := d.buffer.records[progress.Key{UserID: "ada", CourseID: "c", LessonID: "l"}]; !held {
		t.Error("what the disk has taken is not held")
	}
}
