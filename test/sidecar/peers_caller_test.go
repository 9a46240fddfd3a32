package sidecar

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
)

// caller is somebody on the pod network who knows the protocol.
type caller struct {
	*http.Client
	address string
}

// newCaller speaks TLS as a sidecar with these keys does, or without a key for nil.
func newCaller(t *testing.T, address string, keys *identity.Identity) *caller {
	t.Helper()
	config := &tls.Config{InsecureSkipVerify: true}
	if keys != nil {
		config = keys.Client(func(members.Fingerprint) bool { return true })
	}
	return callerWith(t, address, config)
}

func callerWith(t *testing.T, address string, config *tls.Config) *caller {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{TLSClientConfig: config, Protocols: &protocols, ExpectContinueTimeout: kit.Patience}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{&http.Client{Transport: transport, Timeout: kit.Patience}, address}
}

// newKeys are those of one sidecar, as the registry has them.
func newKeys(t *testing.T) (keys *identity.Identity, fingerprints [][]byte) {
	t.Helper()
	keys, err := identity.New()
	if err != nil {
		t.Fatal(err)
	}
	all, err := keys.Fingerprints()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		fingerprints = append(fingerprints, f[:])
	}
	return keys, fingerprints
}

// batch is one update as it is handed on.
func batch() io.Reader { return batchOf(1) }

// batchOf is the same with the number of the batch.
func batchOf(number uint64) io.Reader {
	u := progress.Update{Key: progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}}
	body := wire.AppendHead(nil, wire.Head{Sender: wire.Sender{7}, Number: number, Kind: wire.Updates, Count: 1})
	return strings.NewReader(string(wire.AppendUpdate(body, &u)))
}

func (c *caller) request(t *testing.T, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+c.address+wire.UpdatesPath, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(wire.VersionHeader, strconv.Itoa(wire.Version))
	r.Header.Set(wire.HopsHeader, "1")
	return r
}

// hello is what sidecars ask first.
func (c *caller) hello(t *testing.T) (status int, refused string, err error) {
	t.Helper()
	r := c.request(t, http.NoBody)
	r.Method, r.URL.Path = http.MethodGet, wire.HelloPath
	return c.send(r)
}

// awaitKnown waits until the sidecar has learned of the caller's key, and has counted
// what it refused before.
func (c *caller) awaitKnown(t *testing.T, p *process) {
	t.Helper()
	before, unknown := refusals(t, p), 0
	kit.Eventually(t, "the key to be known", func() error {
		status, refused, err := c.hello(t)
		if status != http.StatusNoContent {
			unknown++
		}
		return kit.Unless(status == http.StatusNoContent, fmt.Sprint(status, refused, err))
	})
	before.await(t, p, "a key that is not known yet", map[string]int{wire.RefusedUnregistered: unknown})
}

// isRefused shows a key that nobody has registered, which makes the sidecar ask the
// registry, and waits until that is counted.
func isRefused(t *testing.T, p *process, address string) {
	t.Helper()
	before := refusals(t, p)
	stranger, _ := newKeys(t)
	if status, _, err := newCaller(t, address, stranger).hello(t); err == nil {
		t.Errorf("a stranger is answered with %d", status)
	}
	before.await(t, p, "a stranger", map[string]int{wire.RefusedUnregistered: 1})
}

// send returns the status, and why the request was refused; or an error, if there was
// no answer.
func (c *caller) send(r *http.Request) (status int, refused string, err error) {
	answer, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get(wire.RefusedHeader), nil
}

// endless counts what is read of it.
type endless struct{ read atomic.Int64 }

func (b *endless) Read(p []byte) (int, error) {
	b.read.Add(int64(len(p)))
	return len(p), nil
}
