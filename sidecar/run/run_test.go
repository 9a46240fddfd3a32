package run

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/kit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAConnectionAboveTheLimitIsTurnedAway(t *testing.T) {
	s, err := listen("a test", "127.0.0.1:0", 1, http.NotFoundHandler(), slog.DiscardHandler, nil)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.serve() }()
	address := s.listener.Addr().String()
	ask := func(conn net.Conn) (status int) {
		t.Helper()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		closeBody(t, response)
		return response.StatusCode
	}
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	first := dial()
	if status := ask(first); status != http.StatusNotFound {
		t.Errorf("the first connection got %d", status)
	}
	second := dial()
	response, err := http.ReadResponse(bufio.NewReader(second), nil)
	if err != nil {
		t.Fatal(err)
	}
	var problem struct{ Type string }
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil || response.StatusCode != http.StatusServiceUnavailable ||
		response.Header.Get("Retry-After") == "" || problem.Type != "urn:progress-sync:problem:overloaded" {
		t.Errorf("the second connection got %s, %v, %v", response.Status, response.Header, err)
	}
	closeBody(t, response)
	for _, conn := range []net.Conn{second, first} {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	kit.Eventually(t, "the place is given back", func() error {
		open := s.listener.(*limitedListener).open.Load()
		return kit.Unless(open == 0, open)
	})
	third := dial()
	if status := ask(third); status != http.StatusNotFound {
		t.Errorf("the third connection got %d", status)
	}
	if err := third.Close(); err != nil {
		t.Error(err)
	}
	s.shutdown(t.Context())
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestRequireLoopback(t *testing.T) {
	for address, allowed := range map[string]bool{
		"127.0.0.1:8787": true, "127.9.9.9:1": true, "[::1]:8787": true, "localhost:8787": true,
		":8787": false, "0.0.0.0:8787": false, "[::]:8787": false, "10.0.0.1:8787": false, "example.com:80": false, "8787": false,
	} {
		if err := requireLoopback("--listen", address); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTheGracePeriodRunsFromTheFirstSignOfTheEnd(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	d := &deadline{grace: 30 * time.Second, now: func() time.Time { return now }}
	expect := func(want time.Duration) {
		t.Helper()
		if got := d.left(); got != want {
			t.Errorf("%s left, want %s", got, want)
		}
	}
	d.begin() // prestop
	expect(28500 * time.Millisecond)
	now = now.Add(10 * time.Second)
	d.begin() // SIGTERM
	expect(18500 * time.Millisecond)
	now = now.Add(19 * time.Second)
	expect(time.Second)

	// A prestop that was followed by nothing for longer than the grace period
	// was a mistake of someone.
	now = now.Add(time.Hour)
	d.begin()
	expect(28500 * time.Millisecond)
}

// A sidecar without database and configuration starts, accepts and ends, and
// leaves no goroutine behind.
func TestRunAndEnd(t *testing.T) {
	dir := t.TempDir()
	log := &safeBuffer{}
	address := kit.FreeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Version: "test", ConfigFile: filepath.Join(dir, "config"), DatabaseURIFile: filepath.Join(dir, "uri"),
			Spool: filepath.Join(dir, "spool"), Listen: address, StatusListen: "127.0.0.1:0", Pprof: "127.0.0.1:0",
			TerminationLog: filepath.Join(dir, "termination"), GracePeriod: 2 * time.Second, Log: log,
		})
	}()
	kit.Eventually(t, "the sidecar runs", func() error { return Prestop(ctx, address) })
	client := &http.Client{}
	response, err := client.Post("http://"+address+"/v1/progress", "application/json",
		strings.NewReader(`{"userId":"ada-4711","courseId":"c","lessonId":"l"}`))
	if err != nil {
		t.Fatal(err)
	}
	closeBody(t, response)
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %s", response.Status)
	}
	if response, err = client.Get("http://" + address + prestopPath); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET of prestop: %v %v", response, err)
	}
	closeBody(t, response)
	stream, err := client.Get("http://" + address + "/v1/sync/events")
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	// A stream that the drain had waited for would be cut off in the end.
	if text, err := io.ReadAll(stream.Body); err != nil || !strings.Contains(string(text), "event: state\n") {
		t.Errorf("the events end with %v: %q", err, text)
	}
	closeBody(t, stream)
	client.CloseIdleConnections()
	if err := <-done; err != nil {
		t.Error(err)
	}
	line, err := os.ReadFile(filepath.Join(dir, "termination"))
	want := fmt.Sprintf("1 records stay in the spool at %q: \"The Secret", filepath.Join(dir, "spool"))
	if err != nil || !strings.HasPrefix(string(line), want) {
		t.Errorf("termination log %q (%v), want %q", line, err, want)
	}
	if strings.Contains(log.String(), "ada-4711") {
		t.Error("the log names a learner")
	}
}

// A learner whom the proxy lets send anything anywhere does not end the pod's
// spool early, and writes only their own progress as soon as the policy says so.
func TestAUserHeaderIsTakenIntoUseWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	address := kit.FreeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Options{
			Version: "test", ConfigFile: file, DatabaseURIFile: filepath.Join(dir, "uri"), Spool: filepath.Join(dir, "spool"),
			Listen: address, StatusListen: "127.0.0.1:0", GracePeriod: 2 * time.Second, Log: &safeBuffer{},
		})
	}()
	client := &http.Client{}
	post := func(path, user string) int {
		request, err := http.NewRequest(http.MethodPost, "http://"+address+path,
			strings.NewReader(`{"userId":"ada","courseId":"c","lessonId":"l"}`))
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			request.Header.Set("X-Progress-User", user)
		}
		response, err := client.Do(request)
		if err != nil {
			return 0 // it starts
		}
		closeBody(t, response)
		return response.StatusCode
	}
	expect := func(path, user string, want int) {
		t.Helper()
		kit.Eventually(t, fmt.Sprintf("%s of %q is answered with %d", path, user, want), func() error {
			got := post(path, user)
			return kit.Unless(got == want, got)
		})
	}
	expect("/v1/progress", "", http.StatusOK)
	if err := os.WriteFile(file, []byte(`{"ingest":{"userHeader":"X-Progress-User"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("/v1/progress", "", http.StatusUnauthorized)
	expect("/v1/progress", "bob", http.StatusForbidden)
	expect("/v1/progress", "ada", http.StatusOK)
	expect(prestopPath, "ada", http.StatusForbidden)
	expect(prestopPath, "", http.StatusAccepted)
	client.CloseIdleConnections()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRunNamesWhatItCantUse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	termination := filepath.Join(dir, "termination")
	err := Run(t.Context(), Options{
		Spool: file, Listen: "127.0.0.1:0", StatusListen: "127.0.0.1:0", TerminationLog: termination, Log: &safeBuffer{},
	})
	line, _ := os.ReadFile(termination)
	if err == nil || !strings.Contains(err.Error(), file) || strings.TrimSpace(string(line)) != err.Error() {
		t.Errorf("error %v, termination log %q", err, line)
	}
}

func closeBody(t *testing.T, response *http.Response) {
	t.Helper()
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
}

// safeBuffer keeps what several goroutines log.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
