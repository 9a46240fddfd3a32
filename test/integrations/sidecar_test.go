//go:build integrations

package integrations

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startSidecar runs the real sidecar with a user header. Its database is away,
// which does not keep it from accepting.
func startSidecar(t *testing.T) *url.URL {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "sidecar")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/sidecar")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the sidecar: %v\n%s", err, output)
	}
	for name, content := range map[string]string{
		"config.json": `{"ingest": {"userHeader": "X-Progress-User"}}`,
		"uri":         "postgres://nobody@127.0.0.1:1/none",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	start(t, exec.Command(program, "run", "--config", filepath.Join(dir, "config.json"),
		"--database-uri-file", filepath.Join(dir, "uri"), "--spool", filepath.Join(dir, "spool"), "--grace-period", "1s",
		"--listen", address, "--status-listen", "127.0.0.1:0", "--termination-log", filepath.Join(dir, "log")))
	sidecar := &url.URL{Scheme: "http", Host: address}
	await(t, sidecar.String()+"/v1/sync")
	return sidecar
}

// start ends the process with the test.
func start(t *testing.T, command *exec.Cmd) {
	t.Helper()
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Stdout, command.Stderr = t.Output(), t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // it may have ended
		_ = command.Wait()                                      // it was killed
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// await waits until somebody answers.
func await(t *testing.T, address string) {
	t.Helper()
	const patience = time.Minute
	limit := time.After(patience)
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		resp, err := http.Get(address)
		if err == nil {
			_ = resp.Body.Close() // it has answered
			return
		}
		select {
		case <-limit:
			t.Fatalf("nobody answers: %v", err)
		case <-tick.C:
		}
	}
}

// wire is between a proxy and the sidecar. It keeps what the proxy sends, and can
// answer in the sidecar's place.
type wire struct {
	*httptest.Server
	mu    sync.Mutex
	asked []asked
	away  bool
}

type asked struct {
	method, host, uri, body string
	header                  http.Header
}

func tap(t *testing.T, sidecar *url.URL) *wire {
	t.Helper()
	w := &wire{}
	onwards := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(sidecar)
		r.Out.Host = r.In.Host
	}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		w.asked = append(w.asked, asked{r.Method, r.Host, r.RequestURI, string(body), r.Header.Clone()})
		away := w.away
		w.mu.Unlock()
		if away {
			out.Header().Set("Retry-After", "7")
			http.Error(out, `{"detail":"full"}`, http.StatusTooManyRequests)
			return
		}
		onwards.ServeHTTP(out, r)
	}))
	t.Cleanup(w.Close)
	return w
}

// taken returns what was sent since the last call.
func (w *wire) taken() []asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.asked
	w.asked = nil
	return got
}

func (w *wire) setAway(away bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = away
}
