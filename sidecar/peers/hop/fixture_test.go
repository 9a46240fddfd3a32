package hop_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/door"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// identity is a key with its certificate, as a sidecar makes them.
type identity struct {
	certificate tls.Certificate
	key         string
}

func newIdentity(t testing.TB) identity {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sidecar"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, fingerprint(public)}
}

func fingerprint(public any) string {
	der, _ := x509.MarshalPKIXPublicKey(public)
	return fmt.Sprintf("%x", sha256.Sum256(der))
}

// tls is a configuration for either side that accepts these keys.
func (i identity) tls(accepted func() []string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{i.certificate},
		ClientAuth: tls.RequireAnyClientCert, InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			if !slices.Contains(accepted(), fingerprint(state.PeerCertificates[0].PublicKey)) {
				return errors.New("the key is not registered")
			}
			return nil
		},
	}
}

// home is a buffer that counts what it merges, exactly once for each number.
type home struct {
	mu      sync.Mutex
	last    map[[16]byte]uint64
	answers map[[16]byte][]buffer.Result
	merged  map[string]int // times by learner
	hinted  []wire.Hint    // with the update's place in its batch
	calls   int
	// before and after are called around a merge, without the lock; after's error
	// is answered although the batch was merged.
	before func(call int)
	after  func(call int) error
}

func (h *home) PutFrom(
	_ context.Context, sender [16]byte, number uint64, updates []progress.Update, resets []progress.Key,
) ([]buffer.Result, error) {
	h.mu.Lock()
	h.calls++
	call := h.calls
	h.mu.Unlock()
	if h.before != nil {
		h.before(call)
	}
	results := h.merge(sender, number, updates, resets)
	if h.after != nil {
		if err := h.after(call); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (h *home) merge(sender [16]byte, number uint64, updates []progress.Update, resets []progress.Key) []buffer.Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil {
		h.last, h.merged, h.answers = map[[16]byte]uint64{}, map[string]int{}, map[[16]byte][]buffer.Result{}
	}
	if number <= h.last[sender] {
		return h.answers[sender]
	}
	var results []buffer.Result
	for i, u := range updates {
		h.merged[u.UserID]++
		if hint, has := wire.HintOf(i, &u); has {
			h.hinted = append(h.hinted, hint)
		}
		results = append(results, buffer.Result{Record: u.Record(1, 0)})
	}
	for _, k := range resets {
		results = append(results, buffer.Result{Record: progress.Record{Key: k, Generation: 1}})
	}
	h.last[sender], h.answers[sender] = number, results
	return results
}

func (h *home) times(user string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.merged[user]
}

func startDoor(t testing.TB, o door.Options, address string) (*door.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if o.API == nil {
		o.API = http.NotFoundHandler()
	}
	o.Connections, o.BytesInFlight = func() int { return 100 }, 64<<20
	o.Member = func(*tls.ConnectionState) bool { return true }
	s := door.New(o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		kill(s)
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// kill ends a server as the end of its process does.
func kill(s *door.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Shutdown(ctx)
}

// pair is a link to a home.
type pair struct {
	home        *home
	there, here identity
	server      *door.Server
	peer        hop.Peer
	links       *hop.Links
	link        *hop.Link
	proxy       *proxy

	doorOptions door.Options
	exchanges   chan hop.Exchange
	missed      atomic.Int64
}

// quick are times in which nothing ends but by what happens, however busy the
// machine is; and pauses that are short.
func quick() hop.Times {
	times := hop.DefaultTimes()
	times.Connect, times.Answer, times.Ping, times.QuietPing = time.Minute, time.Minute, time.Minute, time.Minute
	times.OpenFirst, times.OpenMost = 10*time.Millisecond, 20*time.Millisecond
	return times
}

func newPair(t testing.TB, h *home, times hop.Times) *pair {
	t.Helper()
	here, there := newIdentity(t), newIdentity(t)
	p := &pair{home: h, here: here, there: there, exchanges: make(chan hop.Exchange, 10_000)}
	p.doorOptions = door.Options{Home: h, TLS: there.tls(func() []string { return []string{here.key} })}
	var address string
	p.server, address = startDoor(t, p.doorOptions, "127.0.0.1:0")
	p.proxy = startProxy(t, address)
	p.peer = hop.Peer{ID: "home", Address: p.proxy.address, Key: there.key}
	p.links = hop.NewLinks(hop.Options{
		TLS:     func(p hop.Peer) *tls.Config { return here.tls(func() []string { return []string{p.Key} }) },
		Observe: func(e hop.Exchange) { p.exchanges <- e },
		Missed:  func() { p.missed.Add(1) },
		Times:   times,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		p.links.Close(ctx)
	})
	p.links.Follow([]hop.Peer{p.peer})
	p.link = p.links.To("home")
	return p
}

// restart is a new process of the home, with what it had on its disk.
func (p *pair) restart(t *testing.T) {
	t.Helper()
	var address string
	p.server, address = startDoor(t, p.doorOptions, "127.0.0.1:0")
	p.proxy.to(address)
}

func update(user string) progress.Update {
	return progress.Update{Key: progress.Key{UserID: user, CourseID: "c", LessonID: "l"}, CurrentTime: progress.Some(5)}
}

func (p *pair) put(users ...string) ([]buffer.Result, error) {
	var updates []progress.Update
	for _, u := range users {
		updates = append(updates, update(u))
	}
	return p.link.Put(context.Background(), updates)
}

// linkTo is a link to what answers hellos as a sidecar does, and batches as it likes.
func linkTo(t *testing.T, answer http.HandlerFunc, times hop.Times, reads ...string) *hop.Link {
	t.Helper()
	here, there := newIdentity(t), newIdentity(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.HelloPath {
			w.Header().Set(wire.VersionHeader, "1")
			w.Header()[wire.ReadsHeader] = reads
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, r)
	}))
	server.EnableHTTP2 = true
	server.TLS = there.tls(func() []string { return []string{here.key} })
	server.StartTLS()
	t.Cleanup(server.Close)
	links := hop.NewLinks(hop.Options{Times: times, TLS: func(hop.Peer) *tls.Config {
		return here.tls(func() []string { return []string{there.key} })
	}})
	t.Cleanup(func() { links.Close(t.Context()) })
	links.Follow([]hop.Peer{{ID: "x", Address: server.Listener.Addr().String(), Key: there.key}})
	return links.To("x")
}

// endless answers until nobody listens.
func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}
