package identity_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a registry of keys.
type book struct{ keys sync.Map }

func (b *book) add(i *identity.Identity)         { b.keys.Store(i.Current(), true) }
func (b *book) remove(i *identity.Identity)      { b.keys.Delete(i.Current()) }
func (b *book) Known(f members.Fingerprint) bool { _, ok := b.keys.Load(f); return ok }

// refusals keeps what an observer was told.
type refusals struct {
	mu  sync.Mutex
	all []error
}

func (r *refusals) Refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, err)
}

func (r *refusals) told() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// sidecar listens on loopback as one does for others.
type sidecar struct {
	*identity.Identity
	address  string
	book     *book
	refusals refusals
	served   atomic.Int64 // requests that reached the handler
}

func listen(t *testing.T) *sidecar {
	t.Helper()
	s := &sidecar{Identity: newIdentity(t), book: &book{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	server := &http.Server{
		TLSConfig: s.Server(s.book, &s.refusals),
		ErrorLog:  log.New(io.Discard, "", 0), // the refusals that are tried here
		Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			s.served.Add(1)
			f, _ := identity.Shown(request.TLS)
			_, _ = io.WriteString(w, request.Proto+" "+f.String())
		}),
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.ServeTLS(listener, "", "") })
	t.Cleanup(func() {
		_ = server.Close()
		wg.Wait()
	})
	return s
}

// owns is how a caller knows the keys of s.
func (s *sidecar) owns(f members.Fingerprint) bool { return f == s.Current() }

// call makes a request with a TLS configuration, nil for plain HTTP.
func (s *sidecar) call(t *testing.T, c *tls.Config) (string, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: c, Protocols: new(http.Protocols)}
	http2 := c != nil && slices.Contains(c.NextProtos, "h2")
	transport.Protocols.SetHTTP2(http2)
	transport.Protocols.SetHTTP1(!http2)
	defer transport.CloseIdleConnections()
	scheme := "https://"
	if c == nil {
		scheme = "http://"
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, scheme+s.address, strings.NewReader("secret"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return string(text), err
}

func TestAMemberIsServedOverHTTP2AndNamedByItsKey(t *testing.T) {
	s, member := listen(t), newIdentity(t)
	s.book.add(member)
	got, err := s.call(t, member.Client(s.owns))
	if want := "HTTP/2.0 " + member.Current().String(); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// TestNobodyElseIsServed: what gets through here is written into the database.
func TestNobodyElseIsServed(t *testing.T) {
	s := listen(t)
	member, stranger, left := newIdentity(t), newIdentity(t), newIdentity(t)
	s.book.add(member)
	s.book.add(left)
	if _, err := s.call(t, left.Client(s.owns)); err != nil {
		t.Fatalf("before it left: %v", err)
	}
	s.book.remove(left)
	for name, tt := range map[string]struct {
		config *tls.Config
		told   error // what the observer is told; TLS itself refuses the rest
	}{
		"plain HTTP":                   {nil, nil},
		"no certificate":               {changed(member, s, func(c *tls.Config) { c.GetClientCertificate = noCertificate }), nil},
		"a key that is not registered": {stranger.Client(s.owns), identity.ErrUnknownKey},
		"the key of one that has left": {left.Client(s.owns), identity.ErrUnknownKey},
		"TLS 1.2":                      {changed(member, s, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), nil},
		"HTTP/1.1":                     {changed(member, s, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }), nil},
		"a member's certificate that is shown without its key": {changed(stranger, s, func(c *tls.Config) {
			c.GetClientCertificate = withoutKey(t, member, stranger)
		}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			before, served := len(s.refusals.told()), s.served.Load()
			if got, err := s.call(t, tt.config); err == nil {
				t.Errorf("it was answered %q", got)
			}
			if n := s.served.Load(); n != served {
				t.Errorf("%d requests reached the handler", n-served)
			}
			told := s.refusals.told()[before:]
			if tt.told == nil && len(told) > 0 || tt.told != nil && (len(told) == 0 || !errors.Is(told[0], tt.told)) {
				t.Errorf("the observer was told %v, want %v", told, tt.told)
			}
		})
	}
}

// TestAConnectionThatNamesNoProtocolIsRefused: without ALPN a server falls back to
// HTTP/1.1, where a request's end is a matter of opinion.
func TestAConnectionThatNamesNoProtocolIsRefused(t *testing.T) {
	s, member := listen(t), newIdentity(t)
	s.book.add(member)
	c := member.Client(s.owns)
	c.NextProtos, c.VerifyConnection = nil, nil
	conn, err := (&tls.Dialer{Config: c}).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err) // in TLS 1.3 the client is done first
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil || n > 0 || s.served.Load() > 0 {
		t.Errorf("it was answered, %v", err)
	}
	if told := s.refusals.told(); len(told) != 1 || !errors.Is(told[0], identity.ErrNoHTTP2) {
		t.Errorf("the observer was told %v", told)
	}
}

// TestTheWrongMemberIsNotSpokenTo: addresses are used again by other pods, and what
// is meant for one member must not be numbered by another.
func TestTheWrongMemberIsNotSpokenTo(t *testing.T) {
	meant, other, caller := listen(t), listen(t), newIdentity(t)
	other.book.add(caller)
	if _, err := other.call(t, caller.Client(meant.owns)); !errors.Is(err, identity.ErrOtherMember) {
		t.Errorf("got %v", err)
	}
	if other.served.Load() != 0 {
		t.Error("the other member got the request")
	}
}

// TestAConnectionIsNeverResumed: each is checked by the keys that are known then.
func TestAConnectionIsNeverResumed(t *testing.T) {
	s, member := listen(t), newIdentity(t)
	s.book.add(member)
	c := member.Client(s.owns)
	c.SessionTicketsDisabled = false
	c.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	for range 2 {
		if _, err := s.call(t, c); err != nil {
			t.Fatal(err)
		}
	}
	s.book.remove(member)
	if _, err := s.call(t, c); err == nil {
		t.Error("who has left came in by a ticket")
	}
}

// changed is the configuration of a member that does not keep to the rules.
func changed(i *identity.Identity, s *sidecar, change func(*tls.Config)) *tls.Config {
	c := i.Client(s.owns)
	change(c)
	return c
}

func noCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return &tls.Certificate{}, nil
}

// withoutKey shows the certificate of one identity and signs with the key of another.
func withoutKey(t *testing.T, shown, signs *identity.Identity) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	t.Helper()
	of := func(i *identity.Identity) *tls.Certificate {
		c, err := i.Client(nil).GetClientCertificate(&tls.CertificateRequestInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Certificate: of(shown).Certificate, PrivateKey: of(signs).PrivateKey}, nil
	}
}
