package door

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
)

func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
}

// fakeHome remembers what it was given.
type fakeHome struct {
	mu      sync.Mutex
	batches []wire.Batch
	during  func() // called in PutFrom
	err     error
}

func (h *fakeHome) PutFrom(
	_ context.Context, sender [16]byte, number uint64, updates []progress.Update, resets []progress.Key,
) ([]buffer.Result, error) {
	if h.during != nil {
		h.during()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = append(h.batches, wire.Batch{Sender: sender, Number: number, Updates: updates, Resets: resets})
	return make([]buffer.Result, len(updates)+len(resets)), h.err
}

func (h *fakeHome) taken() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.batches)
}

// fakeEvents remembers the pages that it was given.
type fakeEvents struct {
	mu    sync.Mutex
	pages []wire.Events
	err   error
}

func (e *fakeEvents) Take(_ context.Context, page *wire.Events) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pages = append(e.pages, *page)
	return e.err
}

// fixture is a server with one member.
type fixture struct {
	t       *testing.T
	server  *Server
	home    *fakeHome
	events  *fakeEvents
	address string
	member  tls.Certificate
	api     http.HandlerFunc
	limit   atomic.Int64
	gone    atomic.Bool // the member is none any more
	served  chan error

	mu      sync.Mutex
	refused map[string]int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	h := &fixture{t: t, home: &fakeHome{}, events: &fakeEvents{}, member: newCertificate(t), refused: map[string]int{}, served: make(chan error, 1)}
	h.limit.Store(100)
	h.server = New(Options{
		Home:        h.home,
		Events:      h.events,
		API:         http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.api(w, r) }),
		Member:      func(*tls.ConnectionState) bool { return !h.gone.Load() },
		Connections: func() int { return int(h.limit.Load()) }, BytesInFlight: 1 << 20,
		Refused: func(reason string) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.refused[reason]++
		},
		TLS: &tls.Config{
			MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{newCertificate(t)}, ClientAuth: tls.RequireAnyClientCert,
			VerifyConnection: func(s tls.ConnectionState) error {
				if !bytes.Equal(s.PeerCertificates[0].Raw, h.member.Certificate[0]) {
					return errors.New("the key is not registered")
				}
				return nil
			},
		},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	go func() { h.served <- h.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		h.server.Shutdown(ctx)
		if err := <-h.served; err != nil {
			t.Error(err)
		}
	})
	return h
}

// client is another sidecar, with these certificates.
func (h *fixture) client(certificates ...tls.Certificate) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{
		Protocols:       &protocols,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, Certificates: certificates},
	}
	h.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (h *fixture) request(method, path string, body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(h.t.Context(), method, "https://"+h.address+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set(wire.VersionHeader, "1")
	r.Header.Set(wire.HopsHeader, "1")
	return r
}

// answer is one that was read.
type answer struct {
	status  int
	proto   int
	refused string
	version string
	body    string
}

func (h *fixture) do(c *http.Client, r *http.Request) answer {
	h.t.Helper()
	a, err := c.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{a.StatusCode, a.ProtoMajor, a.Header.Get(wire.RefusedHeader), a.Header.Get(wire.VersionHeader), string(text)}
}

// fails is the error of a request that must not be answered.
func (h *fixture) fails(c *http.Client) error {
	a, err := c.Do(h.request(http.MethodPost, wire.UpdatesPath, goodBatch()))
	if err == nil {
		_ = a.Body.Close()
	}
	return err
}

// wantRefused waits until one thing was refused, for this reason.
func (h *fixture) wantRefused(reason string) {
	h.t.Helper()
	kit.Eventually(h.t, "one refusal, "+reason, func() error {
		h.mu.Lock()
		defer h.mu.Unlock()
		return kit.Unless(len(h.refused) == 1 && h.refused[reason] == 1, h.refused)
	})
	if n := h.home.taken(); n > 0 {
		h.t.Errorf("the home has taken %d batches", n)
	}
}

func goodBatch() io.Reader {
	u := progress.Update{Key: progress.Key{UserID: "ada", CourseID: "c", LessonID: "l"}}
	body := wire.AppendHead(nil, wire.Head{Sender: wire.Sender{7}, Number: 3, Kind: wire.Updates, Count: 1})
	return strings.NewReader(string(wire.AppendUpdate(body, &u)))
}
