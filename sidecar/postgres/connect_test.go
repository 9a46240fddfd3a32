package postgres

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/test/kit"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// secret is a mounted Secret whose content changes.
type secret struct {
	mu   sync.Mutex
	text string
	err  error
}

func (s *secret) set(text string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.err = text, err
}

func (s *secret) read() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text, s.err
}

func TestASecretThatComesLateOrWrongIsPickedUp(t *testing.T) {
	s := &secret{err: &fs.PathError{Op: "open", Path: "uri", Err: fs.ErrNotExist}}
	d := open(t, Options{URI: s.read})
	for _, step := range []struct {
		name, text string
		err        error
		want       Class
	}{
		{"missing", "", fs.ErrNotExist, SecretMissing},
		{"unreadable", "", errors.New("input/output error"), SecretInvalid},
		{"empty", " \n", nil, SecretInvalid},
		{"no URI", "postgres://lms:hunter2@%zz", nil, SecretInvalid},
		{"a CA file that is not there", "postgres://lms:hunter2@db.internal/x?sslmode=verify-full&sslrootcert=/nowhere/ca.crt", nil, SecretInvalid},
	} {
		s.set(step.text, step.err)
		if f := Classify(tryClaim(t, d)); f.Class != step.want || f.Retry != Hold {
			t.Errorf("%s: got %+v", step.name, f)
		}
	}
	s.set(pgtest.Database(t)+"&pool_max_conns=7\n", nil)
	if err := tryClaim(t, d); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestRotatedCredentialsAreUsedWithoutARestart(t *testing.T) {
	server := pgtest.Private(t, pgtest.Options{Password: "super", Config: pgtest.Relaxed()})
	ctx := t.Context()
	role := func(password string) string {
		t.Helper()
		if err := server.CreateRole(ctx, "lms", password); err != nil {
			t.Fatal(err)
		}
		return server.URI("lms", "campus")
	}
	first := role("first")
	if err := server.CreateDatabase(ctx, "campus", "lms"); err != nil {
		t.Fatal(err)
	}
	s := &secret{text: first}
	d := open(t, Options{URI: s.read, MaxConnections: 1})
	w := claim(t, d)
	w.apply(t, watched(1))

	super := pgtest.Connect(t, server.URI(pgtest.Superuser, "campus"))
	pid := func() (pid int) {
		t.Helper()
		if err := super.QueryRow(ctx, "SELECT max(pid) FROM pg_stat_activity WHERE usename = 'lms'").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := pid()
	d.Reload()
	w.apply(t, watched(1))
	if pid() != before {
		t.Error("Reload dropped a connection although nothing had changed")
	}
	second := role("second")
	s.set(second, nil)
	d.Reload()
	w.apply(t, watched(1))
	if pid() == before {
		t.Error("the connection of the old password is still in use")
	}
	role("third")
	pgtest.Execute(t, super, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lms'")
	var f Failure
	for f = Classify(d.Ping(ctx)); f.Class == ShuttingDown || f.Class == Unreachable; f = Classify(d.Ping(ctx)) {
		if f.Retry != Transient {
			t.Fatalf("got %+v", f)
		}
	}
	if f.Class != Refused || f.Retry != Hold || f.SQLState != "28P01" || !strings.Contains(f.Message, "without a restart") {
		t.Errorf("the old password after the rotation: %+v", f)
	}
	s.set(server.URI("lms", "campus"), nil)
	w.apply(t, watched(1))
	if got := read(t, d, key(1)); got.UpdateCount != 4 {
		t.Errorf("%d updates, want 4", got.UpdateCount)
	}
	s.set(server.URI("lms", "nowhere"), nil)
	d.Reload()
	if f := Classify(d.Ping(ctx)); f.Class != NoDatabase || f.Retry != Hold {
		t.Errorf("a database that is not there: %+v", f)
	}
}

func TestSeveralHosts(t *testing.T) {
	uri := pgtest.Database(t)
	host := pgtest.Shared(t).URI(pgtest.Superuser, "")
	address := host[strings.Index(host, "@")+1 : strings.Index(host, "/?")]
	nobody := kit.FreeAddress(t)
	several := strings.Replace(uri, address, nobody+","+address, 1)

	d := open(t, Options{URI: fixed(several + "&target_session_attrs=primary")})
	claim(t, d).apply(t, watched(1))

	d = open(t, Options{URI: fixed(several + "&target_session_attrs=standby")})
	if f := Classify(d.Ping(t.Context())); f.Retry != Transient || f.Class == Other {
		t.Errorf("no standby: %+v", f)
	}
	d = open(t, Options{URI: fixed(strings.Replace(uri, address, nobody, 1))})
	if f := Classify(d.Ping(t.Context())); f.Class != Unreachable || !strings.Contains(f.Message, "connection refused") {
		t.Errorf("nobody there: %+v", f)
	}
	d = open(t, Options{URI: fixed(strings.Replace(uri, "127.0.0.1", "no-such-host.invalid", 1))})
	if f := Classify(d.Ping(t.Context())); f.Class != Unreachable || !strings.Contains(f.Message, "DNS") {
		t.Errorf("no such host: %+v", f)
	}
}

func TestTLSIsVerifiedWithTheCAOfTheSecret(t *testing.T) {
	certificate, key := selfSigned(t)
	server := pgtest.Private(t, pgtest.Options{Config: append(pgtest.Relaxed(),
		"ssl = on", "ssl_cert_file = '"+certificate+"'", "ssl_key_file = '"+key+"'"),
		HBA: []string{"hostnossl all all 127.0.0.1/32 reject"}})
	base := strings.TrimSuffix(server.URI(pgtest.Superuser, "postgres"), "sslmode=disable")
	for name, tt := range map[string]struct {
		settings string
		want     string
	}{
		"verified in full":           {"sslmode=verify-full&sslrootcert=" + certificate, ""},
		"encrypted only":             {"sslmode=require", ""},
		"by a CA that we lack":       {"sslmode=verify-full", "not trusted"},
		"without TLS":                {"sslmode=disable", "(SQLSTATE 28000)"},
		"in a mode there is none of": {"sslmode=always", "can't be used"},
	} {
		t.Run(name, func(t *testing.T) {
			f := Classify(open(t, Options{URI: fixed(base + tt.settings)}).Ping(t.Context()))
			if tt.want == "" && f != (Failure{}) || !strings.Contains(f.Message, tt.want) || f != (Failure{}) && f.Retry != Hold {
				t.Errorf("got %+v", f)
			}
		})
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key, for a server of
// ours to read.
func selfSigned(t *testing.T) (certificateFile, keyFile string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "postgres-tls-") //nolint:usetesting // the server's user could not enter that one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificateFile, keyFile = filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	err = errors.Join(os.Chmod(dir, 0o755),
		os.WriteFile(certificateFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: privateDER}), 0o600),
		pgtest.Own(keyFile))
	if err != nil {
		t.Fatal(err)
	}
	return certificateFile, keyFile
}

// TestReadersDoNotStarveTheWriter lets reads hang: a policy on the table makes
// the rows of one learner slow to look at.
func TestReadersDoNotStarveTheWriter(t *testing.T) {
	server := pgtest.Shared(t)
	if err := server.CreateRole(t.Context(), "reader", "pw"); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"one of two connections is left to writes":    {MaxConnections: 2, ReadTimeout: time.Minute},
		"the only connection comes back after a read": {MaxConnections: 1, ReadTimeout: 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			uri := pgtest.Database(t)
			super := pgtest.Connect(t, uri)
			slow := watched(1)
			slow.UserID = "slow"
			claim(t, open(t, Options{URI: fixed(uri)})).apply(t, slow)
			pgtest.Execute(t, super, strings.ReplaceAll(grantTables, "<role>", "reader")+`
				ALTER TABLE progress_sync.lesson_progress ENABLE ROW LEVEL SECURITY;
				CREATE POLICY slow ON progress_sync.lesson_progress
				USING (CASE WHEN user_id = 'slow' THEN pg_sleep(60) IS NOT NULL ELSE true END) WITH CHECK (true)`)
			var database string
			if err := super.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
				t.Fatal(err)
			}
			o.URI = fixed(server.URI("reader", database))
			d := open(t, o)
			w := claim(t, d)

			ctx, stop := context.WithCancel(t.Context())
			var readers sync.WaitGroup
			for range 6 {
				readers.Go(func() {
					for ctx.Err() == nil {
						if _, err := d.readAll(ctx, Filter{UserID: "slow"}); err == nil {
							t.Error("the slow read returned")
						}
					}
				})
			}
			until(t, super, "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
			for range 3 {
				w.apply(t, watched(1))
			}
			stop()
			readers.Wait()
			pgtest.Execute(t, super, "DROP OWNED BY reader")
		})
	}
}

func TestOptionsChangeUnderWay(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	var wg sync.WaitGroup
	for _, o := range []Options{
		{MaxConnections: 1}, {MaxConnections: 3, ExecMode: config.ExecModeExec}, {StatementTimeout: time.Second}, {ApplicationName: "renamed"},
	} {
		wg.Go(func() { d.SetOptions(o) })
		w.apply(t, watched(1))
	}
	wg.Wait()
	d.SetOptions(Options{ApplicationName: "renamed"})
	w.apply(t, watched(1))
	until(t, pgtest.Connect(t, uri), `SELECT string_agg(DISTINCT application_name, ',') = 'renamed' FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	d.Close()
	d.SetOptions(Options{MaxConnections: 5})
	d.Reload()
	if err := d.Ping(t.Context()); err == nil {
		t.Error("a closed Database answered")
	}
}

func TestErrorsNameNoLearnerAndNoConnection(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(uri)})
	w := claim(t, d)
	private := watched(1)
	private.Key = progress.Key{UserID: "alice@example.org", CourseID: "course-7", LessonID: "lesson\x00-9"}
	_, badData := w.try(t.Context(), w.next(private))
	secretly := func(uri string) error {
		return open(t, Options{URI: fixed(uri)}).Ping(t.Context())
	}
	for name, err := range map[string]error{
		"bad data":     badData,
		"unreachable":  secretly("postgres://lms:hunter2@127.0.0.1:1/campus"),
		"unknown host": secretly("postgres://lms:hunter2@db.internal.invalid/campus"),
		"no URI":       secretly("postgres://lms:hunter2@db.internal.invalid:port/campus"),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, word := range []string{"alice", "course-7", "-9", "lms", "hunter2", "campus", "127.0.0.1", "internal"} {
			if strings.Contains(err.Error(), word) || strings.Contains(Classify(err).Message, word) {
				t.Errorf("%s: %q is in %q", name, word, err)
			}
		}
	}
}
