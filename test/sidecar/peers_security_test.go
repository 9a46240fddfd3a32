package sidecar

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// watchful is slow with a log that tells why each connection is refused.
const watchful = `{"sync":{"interval":"1h","flushOnComplete":false},"logging":{"level":"debug"}}`

// guarded is a sidecar of which the test holds that it has taken nothing.
func guarded(t *testing.T, uri string) (p *process, address string) {
	t.Helper()
	p, address = newMember(t, uri, watchful)
	p.start(t)
	registered(t, uri)
	return p, address
}

func tookNothing(t *testing.T, p *process) {
	t.Helper()
	if d := p.document(t); d.Counters.UpdatesAccepted != 0 {
		t.Errorf("it has taken %d updates", d.Counters.UpdatesAccepted)
	}
}

// Whoever gets in writes into the progress of all learners.
func TestNobodyOnThePodNetworkWritesWithoutARegisteredKey(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	unregistered, _ := newKeys(t)
	gone, fingerprints := newKeys(t)
	writer := register(t, uri, 1, fingerprints, true)
	c := newCaller(t, address, gone)
	c.awaitKnown(t, p)
	unregister(t, uri, writer)
	c.CloseIdleConnections()
	isRefused(t, p, address)
	p.await(t, "the sidecar that left to be missed", func(d status.Document) bool { return d.Peers.Members == 1 })

	for name, tt := range map[string]struct {
		keys   *identity.Identity
		reason string
	}{
		"without a certificate":               {nil, wire.RefusedHandshake},
		"with a key that nobody registered":   {unregistered, wire.RefusedUnregistered},
		"with the key of a sidecar that left": {gone, wire.RefusedUnregistered},
	} {
		before := refusals(t, p)
		caller := newCaller(t, address, tt.keys)
		body := &endless{}
		r := caller.request(t, body)
		r.ContentLength = wire.MaxBody
		if status, _, err := caller.send(r); err == nil {
			t.Errorf("%s: it answers with %d", name, status)
		}
		before.await(t, p, name, map[string]int{tt.reason: 1})
	}
	before := refusals(t, p)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\n%s: 1\r\n%s: 1\r\nContent-Length: 2\r\n\r\nxx", wire.UpdatesPath, wire.VersionHeader, wire.HopsHeader)
	if answer, _ := io.ReadAll(conn); strings.Contains(string(answer), " 200 ") {
		t.Errorf("over plain HTTP it answers with %s", answer)
	}
	before.await(t, p, "over plain HTTP", map[string]int{wire.RefusedHandshake: 1})
	tookNothing(t, p)
}

// A member's certificate is no secret: it is shown to whoever connects.
func TestAMembersCertificateIsOfNoUseWithoutItsKey(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	other, theirs := newMember(t, uri, watchful)
	other.start(t)
	acquainted(t, []*process{p, other}, 2)

	shown := certificateOf(t, theirs)
	fingerprint := sha256.Sum256(shown.RawSubjectPublicKeyInfo)
	if !pgtest.Value[bool](t, pgtest.Connect(t, uri), "SELECT EXISTS (SELECT 1 FROM progress_sync.sidecars WHERE $1 = ANY (fingerprints))", fingerprint[:]) {
		t.Fatal("the certificate that is shown is not the one of the registry")
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	before := refusals(t, p)
	c := callerWith(t, address, &tls.Config{
		InsecureSkipVerify: true, NextProtos: []string{"h2"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{shown.Raw}, PrivateKey: stranger}},
	})
	if status, _, err := c.send(c.request(t, batch())); err == nil {
		t.Errorf("it answers with %d", status)
	}
	before.await(t, p, "a certificate without its key", map[string]int{wire.RefusedHandshake: 1})
	tookNothing(t, p)
}

func TestARegisteredKeyWritesOnlyAsSidecarsDoAndWhileItIsRegistered(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	keys, fingerprints := newKeys(t)
	writer := register(t, uri, 1, fingerprints, true)
	c := newCaller(t, address, keys)
	c.awaitKnown(t, p)

	for name, tt := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"a batch that was handed on twice":              {func(r *http.Request) { r.Header.Set(wire.HopsHeader, "2") }, wire.RefusedTwice},
		"a batch that hides how often it was handed on": {func(r *http.Request) { r.Header.Del(wire.HopsHeader) }, wire.RefusedTwice},
		"a batch of another version of the protocol":    {func(r *http.Request) { r.Header.Set(wire.VersionHeader, "999") }, wire.RefusedProtocol},
		"a batch that is too large":                     {func(r *http.Request) { r.ContentLength = wire.MaxBody + 1 }, wire.RefusedTooLarge},
		"a batch that does not say how large it is":     {func(r *http.Request) { r.ContentLength = -1 }, wire.RefusedTooLarge},
		"a call of the API past its prefix":             {func(r *http.Request) { r.URL.Path = "/v1/progress" }, wire.RefusedNotFound},
		"a call of the API that was handed on twice": {func(r *http.Request) {
			r.URL.Path = wire.APIPath + "/v1/progress"
			r.Header.Set(wire.HopsHeader, "2")
		}, wire.RefusedTwice},
	} {
		before := refusals(t, p)
		body := &endless{}
		r := c.request(t, body)
		r.ContentLength = wire.MaxBody
		// The client sends the body when the server begins to read it.
		r.Header.Set("Expect", "100-continue")
		tt.change(r)
		if status, refused, err := c.send(r); status < 400 || refused != tt.want || err != nil {
			t.Errorf("%s is answered with %d %q, %v", name, status, refused, err)
		}
		if read := body.read.Load(); read > 0 {
			t.Errorf("of %s %d bytes were asked for", name, read)
		}
		before.await(t, p, name, map[string]int{tt.want: 1})
	}
	tookNothing(t, p)

	if status, refused, err := c.send(c.request(t, batch())); status != http.StatusOK {
		t.Fatal("a batch as sidecars send it is answered with", status, refused, err)
	}
	unregister(t, uri, writer)
	isRefused(t, p, address)
	kit.Eventually(t, "the open connection to be refused", func() error {
		status, refused, err := c.hello(t)
		return kit.Unless(refused == wire.RefusedUnregistered, fmt.Sprint(status, refused, err))
	})
	before := refusals(t, p)
	if status, refused, err := c.send(c.request(t, batch())); err == nil && refused != wire.RefusedUnregistered {
		t.Error("after that it answers with", status, refused)
	}
	before.await(t, p, "what comes after that", map[string]int{wire.RefusedUnregistered: 1})
	if n := p.document(t).Counters.UpdatesAccepted; n != 1 {
		t.Errorf("%d updates were accepted, want 1", n)
	}
}

// A body that never ends must cost others neither their turn nor their room.
func TestABodyThatComesSlowlyEndsAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	keys, fingerprints := newKeys(t)
	register(t, uri, 1, fingerprints, true)
	c := newCaller(t, address, keys)
	c.awaitKnown(t, p)
	before := refusals(t, p)
	reader, writer := io.Pipe()
	defer writer.Close()
	slow := c.request(t, reader)
	slow.ContentLength = wire.MaxBody
	refused := make(chan string, 1)
	go func() {
		_, reason, err := c.send(slow)
		refused <- fmt.Sprint(reason, err)
	}()
	if _, err := writer.Write(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if status, refused, err := c.send(c.request(t, batch())); status != http.StatusOK {
		t.Error("meanwhile a batch is answered with", status, refused, err)
	}
	before.await(t, p, "the slow batch", map[string]int{wire.RefusedMalformed: 1})
	t.Log("the slow one was told", <-refused)
	if n := p.document(t).Counters.UpdatesAccepted; n != 1 {
		t.Errorf("%d updates were accepted, want 1", n)
	}
}

// Dashboards read the database with such a role.
func TestWhoOnlyReadsTheRegistryCanNotRegister(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	conn := pgtest.Connect(t, uri)
	pgtest.Execute(t, conn, "GRANT USAGE ON SCHEMA progress_sync TO pg_monitor; GRANT SELECT ON ALL TABLES IN SCHEMA progress_sync TO pg_monitor; SET ROLE pg_monitor")
	pgtest.Value[string](t, conn, "SELECT target FROM progress_sync.sidecars")
	keys, fingerprints := newKeys(t)
	for _, statement := range []string{
		"INSERT INTO progress_sync.sidecars (SELECT gen_random_uuid(), owner, address, port, $1, target, protocol, now(), now(), now(), true, 1 FROM progress_sync.sidecars)",
		"UPDATE progress_sync.sidecars SET fingerprints = fingerprints || $1::bytea[]",
	} {
		var denied *pgconn.PgError
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), statement, fingerprints); !errors.As(err, &denied) || denied.Code != "42501" {
			t.Errorf("%s: %v", statement, err)
		}
	}
	before := refusals(t, p)
	c := newCaller(t, address, keys)
	if status, _, err := c.send(c.request(t, batch())); err == nil {
		t.Errorf("it answers with %d", status)
	}
	before.await(t, p, "a key that was not registered", map[string]int{wire.RefusedUnregistered: 1})
	tookNothing(t, p)
}
