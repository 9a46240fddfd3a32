package sidecar

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
)

// process is a sidecar whose failures end a test.
type process struct{ *sidecar.Sidecar }

// newProcess makes the files; uri may be empty for no Secret.
func newProcess(t *testing.T, uri, configuration string) *process {
	t.Helper()
	return newProcessWith(t, sidecar.Options{URI: uri, Configuration: configuration})
}

func newProcessWith(t *testing.T, o sidecar.Options) *process {
	t.Helper()
	p := &process{kit.NewSidecar(t, o)}
	p.Client.Timeout = kit.Patience
	return p
}

func (p *process) setURI(t *testing.T, uri string) {
	t.Helper()
	if err := p.SetURI(uri); err != nil {
		t.Fatal(err)
	}
}

func (p *process) configure(t *testing.T, content string) {
	t.Helper()
	if err := p.Configure(content); err != nil {
		t.Fatal(err)
	}
}

// start runs the sidecar and returns when it accepts requests.
func (p *process) start(t *testing.T) {
	t.Helper()
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// terminate sends SIGTERM, waits for the end and returns the line in the
// termination log.
func (p *process) terminate(t *testing.T) string {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Errorf("the sidecar ended with %v", err)
	}
	line, err := p.LastWords()
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// log is all that it has logged so far.
func (p *process) log(t *testing.T) string {
	t.Helper()
	log, err := p.Logged()
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// do sends a request to the API and returns status and body.
func (p *process) do(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	code, answer, err := p.Do(t.Context(), method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	return code, answer
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
	code, body, err := p.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return code, body
}

func (p *process) document(t *testing.T) (d status.Document) {
	t.Helper()
	if err := p.Document(t.Context(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// await waits until the status document is as it should be.
func (p *process) await(t *testing.T, what string, is func(status.Document) bool) {
	t.Helper()
	kit.Eventually(t, what, func() error {
		d := p.document(t)
		if is(d) {
			return nil
		}
		text, err := json.MarshalIndent(d, "", " ")
		return errors.Join(err, errors.New(string(text)))
	})
}
