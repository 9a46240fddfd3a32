package sidecar

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/status"
)

// patience is how long a test waits for something that must happen.
const patience = 30 * time.Second

// process is a sidecar with its files, as in a pod: it can be started again on
// the same spool and the same ports.
type process struct {
	dir         string
	api, status string // addresses
	grace       string
	env         []string // beside that of the test
	client      *http.Client

	command *exec.Cmd
	exited  chan struct{}
	started chan struct{}
	mu      sync.Mutex
	log     []string
}

// newProcess makes the files; uri may be empty for no Secret.
func newProcess(t *testing.T, uri, configuration string) *process {
	t.Helper()
	p := &process{dir: t.TempDir(), grace: "20s", api: freeAddress(t), status: freeAddress(t)}
	p.client = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	if uri != "" {
		p.setURI(t, uri)
	}
	if configuration != "" {
		p.configure(t, configuration)
	}
	t.Cleanup(func() {
		p.kill(t)
		p.client.CloseIdleConnections()
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Log("the sidecar's log:\n" + strings.Join(p.log, "\n"))
		}
	})
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *process) file(name string) string { return filepath.Join(p.dir, name) }

func (p *process) setURI(t *testing.T, uri string) {
	t.Helper()
	replace(t, p.file("database/uri"), uri)
}

func (p *process) configure(t *testing.T, content string) {
	t.Helper()
	replace(t, p.file("config/config.json"), content)
}

// replace writes a file in one step, as a mounted volume changes.
func replace(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// start runs the sidecar and returns when it accepts requests.
func (p *process) start(t *testing.T) {
	t.Helper()
	command := exec.Command(binary(), "run",
		"--config="+p.file("config/config.json"), "--database-uri-file="+p.file("database/uri"), "--spool="+p.file("spool"),
		"--listen="+p.api, "--status-listen="+p.status, "--termination-log="+p.file("termination-log"), "--grace-period="+p.grace)
	// The sidecar must not outlive a test that is killed.
	command.Env = append(os.Environ(), p.env...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p.command, p.exited, p.started = command, make(chan struct{}), make(chan struct{})
	go p.follow(stderr, command, p.started, p.exited)
	select {
	case <-p.started:
	case <-p.exited:
		t.Fatalf("the sidecar ended at once: %s", command.ProcessState)
	case <-time.After(patience):
		t.Fatal("the sidecar did not start")
	}
}

// follow keeps the log until the process ends.
func (p *process) follow(stderr io.Reader, command *exec.Cmd, started, exited chan struct{}) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.mu.Unlock()
		if strings.Contains(lines.Text(), `"msg":"Started"`) {
			close(started)
		}
	}
	_ = command.Wait() // how it ended is asked of its ProcessState
	close(exited)
}

// kill ends the process as kubelet does when its patience is over.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.command == nil {
		return
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	<-p.exited
}

// terminate sends SIGTERM, waits for the end and returns the line in the
// termination log.
func (p *process) terminate(t *testing.T) string {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatal("the sidecar did not end")
	}
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the sidecar ended with %s", p.command.ProcessState)
	}
	line, err := os.ReadFile(p.file("termination-log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(line))
}

// do sends a request to the API and returns status and body.
func (p *process) do(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+p.api+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// post sends updates that must be accepted.
func (p *process) post(t *testing.T, body string) {
	t.Helper()
	if code, answer := p.do(t, "POST", "/v1/progress", body); code != http.StatusOK {
		t.Fatalf("%d %s", code, answer)
	}
}

// get asks the pod-network port.
func (p *process) get(t *testing.T, path string) (int, string) {
	t.Helper()
	response, err := p.client.Get("http://" + p.status + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func (p *process) document(t *testing.T) status.Document {
	t.Helper()
	_, body := p.get(t, "/v1/status")
	var d status.Document
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return d
}

// await waits until the status document is as it should be.
func (p *process) await(t *testing.T, what string, is func(status.Document) bool) {
	t.Helper()
	var d status.Document
	eventually(t, func() bool { d = p.document(t); return is(d) }, func() string {
		text, _ := json.MarshalIndent(d, "", " ")
		return what + ": " + string(text)
	})
}

// eventually waits until a condition holds.
func eventually(t *testing.T, holds func() bool, instead func() string) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + instead())
		}
	}
}
