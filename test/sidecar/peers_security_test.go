package sidecar

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/peers/identity"
	"github.com/progress-sync/progress-sync/sidecar/peers/members"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// watchful is slow with a log that tells of each connection that is refused.
const watchful = `{"sync":{"interval":"1h","flushOnComplete":false},"logging":{"level":"debug"}}`

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
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{TLSClientConfig: config, Protocols: &protocols}
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
func batch() io.Reader {
	u := progress.Update{Key: progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}}
	body := wire.AppendHead(nil, wire.Head{Sender: wire.Sender{7}, Number: 1, Kind: wire.Updates, Count: 1})
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
	p, address := guarded(t, pgtest.Database(t))
	unregistered, _ := newKeys(t)
	for name, c := range map[string]struct {
		keys *identity.Identity
		says string
	}{
		"without a certificate":             {nil, "client didn't provide a certificate"},
		"with a key that nobody registered": {unregistered, identity.ErrUnknownKey.Error()},
	} {
		caller := newCaller(t, address, c.keys)
		if status, _, err := caller.send(caller.request(t, batch())); err == nil {
			t.Errorf("%s: it answers with %d", name, status)
		}
		kit.Eventually(t, name+", the log to tell", func() error {
			return kit.Unless(strings.Contains(p.log(t), c.says), "nothing")
		})
	}
	t.Run("over plain HTTP", func(t *testing.T) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\n%s: 1\r\n%s: 1\r\nContent-Length: 2\r\n\r\nxx", wire.UpdatesPath, wire.VersionHeader, wire.HopsHeader)
		if answer, _ := io.ReadAll(conn); strings.Contains(string(answer), " 200 ") {
			t.Errorf("it answers with %s", answer)
		}
	})
	tookNothing(t, p)
}

func TestARegisteredKeyWritesOnlyAsSidecarsDoAndWhileItIsRegistered(t *testing.T) {
	t.Parallel()
	uri := pgtest.Database(t)
	p, address := guarded(t, uri)
	keys, fingerprints := newKeys(t)
	writer := register(t, uri, 1, fingerprints, true)
	c := newCaller(t, address, keys)
	kit.Eventually(t, "the key to be known", func() error {
		status, refused, err := c.hello(t)
		return kit.Unless(status == http.StatusNoContent, fmt.Sprint(status, refused, err))
	})

	for name, tt := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"a batch that was handed on twice":           {func(r *http.Request) { r.Header.Set(wire.HopsHeader, "2") }, wire.RefusedTwice},
		"a batch of another version of the protocol": {func(r *http.Request) { r.Header.Set(wire.VersionHeader, "999") }, wire.RefusedProtocol},
		"a batch that is too large":                  {func(r *http.Request) { r.ContentLength = wire.MaxBody + 1 }, wire.RefusedTooLarge},
	} {
		body := &endless{}
		r := c.request(t, body)
		r.ContentLength = wire.MaxBody
		tt.change(r)
		if status, refused, err := c.send(r); status < 400 || refused != tt.want || err != nil {
			t.Errorf("%s is answered with %d %q, %v", name, status, refused, err)
		}
		// What the window of a stream takes leaves a client by itself.
		if read := body.read.Load(); read > wire.MaxBody/2 {
			t.Errorf("of %s %d bytes were read", name, read)
		}
	}
	tookNothing(t, p)

	if status, refused, err := c.send(c.request(t, batch())); status != http.StatusOK {
		t.Fatal("a batch as sidecars send it is answered with", status, refused, err)
	}
	pgtest.Execute(t, pgtest.Connect(t, uri), "DELETE FROM progress_sync.sidecars WHERE writer_id = $1", writer.String())
	stranger, _ := newKeys(t)
	_, _, _ = newCaller(t, address, stranger).hello(t) // which makes the sidecar ask the registry
	kit.Eventually(t, "the open connection to be refused", func() error {
		status, refused, err := c.hello(t)
		return kit.Unless(refused == wire.RefusedUnregistered, fmt.Sprint(status, refused, err))
	})
	if status, refused, err := c.send(c.request(t, batch())); err == nil && refused != wire.RefusedUnregistered {
		t.Error("after that it answers with", status, refused)
	}
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
	c := newCaller(t, address, keys)
	if status, _, err := c.send(c.request(t, batch())); err == nil {
		t.Errorf("it answers with %d", status)
	}
	tookNothing(t, p)
}

// endless counts what is read of it.
type endless struct{ read atomic.Int64 }

func (b *endless) Read(p []byte) (int, error) {
	b.read.Add(int64(len(p)))
	return len(p), nil
}
