package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/postgres/connstring"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// with adds parameters to the URI of a database, which has sslmode=disable.
func with(uri, parameters string) string {
	before, _, _ := strings.Cut(uri, "?")
	return before + "?" + parameters
}

func TestAStringOfEachORMWrites(t *testing.T) {
	uri := pgtest.Database(t)
	for name, parameters := range map[string]string{
		"Prisma":               "schema=public&connection_limit=5&pool_timeout=10&sslaccept=accept_invalid_certs",
		"Prisma and PgBouncer": "pgbouncer=true&connection_limit=1&statement_cache_size=0",
		"Rails":                "pool=5&encoding=unicode&prepared_statements=false&checkout_timeout=5",
		"JDBC":                 "ssl=false&currentSchema=lms&prepareThreshold=0&ApplicationName=lms&loginTimeout=3&targetServerType=primary",
		"libpq":                "gssencmode=disable&keepalives_idle=30&tcp_user_timeout=5000&client_encoding=LATIN1&target_session_attrs=any",
		"node-postgres":        "ssl=false&max=5&idleTimeoutMillis=1000",
		"Django":               "conn_max_age=600&sslmode=prefer",
		"Doctrine":             "serverVersion=15&charset=utf8mb4",
		"settings":             "statement_timeout=5s&search_path=lms&TimeZone=Asia%2FTokyo&options=-c%20lock_timeout%3D4s",
		"a setting by advice":  "options=-c%20wal_compression%3Doff",
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, Options{URI: fixed(with(uri, parameters) + "\n")})
			record := watched(1)
			record.UserID = "Zoë " + name
			claim(t, d).apply(t, record)
			if got := read(t, d, record.Key); got.SeekEvents != 1 {
				t.Errorf("the row has %d seeks", got.SeekEvents)
			}
		})
	}
}

func TestSettingsOfTheServerTakeEffect(t *testing.T) {
	uri := pgtest.Database(t)
	d := open(t, Options{URI: fixed(with(uri, "ApplicationName=lms&lock_timeout=4s&options=-c%20idle_session_timeout%3D9s"))})
	var name, lock, idle, encoding string
	s := d.session()
	conn, err := s.pool.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if err := conn.QueryRow(t.Context(), `SELECT current_setting('application_name'), current_setting('lock_timeout'),
		current_setting('idle_session_timeout'), current_setting('client_encoding')`).Scan(&name, &lock, &idle, &encoding); err != nil {
		t.Fatal(err)
	}
	if name != "lms" || lock != "4s" || idle != "9s" || encoding != "UTF8" {
		t.Errorf("got %s, %s, %s, %s", name, lock, idle, encoding)
	}
}

func TestASettingThatTheServerRefusesIsNamed(t *testing.T) {
	uri := pgtest.Database(t)
	for name, tt := range map[string]struct{ parameters, want string }{
		"a value that is none":            {"statement_timeout=hunter2", "(SQLSTATE 22023): statement_timeout."},
		"an option that is none":          {"options=-c%20frobnicate%3D1&lock_timeout=1s", "(SQLSTATE 42704): lock_timeout, options."},
		"a setting of a later PostgreSQL": {"transaction_timeout=5s", "(SQLSTATE 42704): transaction_timeout."},
	} {
		t.Run(name, func(t *testing.T) {
			f := Classify(open(t, Options{URI: fixed(with(uri, tt.parameters))}).Ping(t.Context()))
			if f.Class != SecretInvalid || f.Retry != Hold || !strings.Contains(f.Message, tt.want) || strings.Contains(f.Message, "hunter2") {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestAnUnknownParameterIsNamedBeforeConnecting(t *testing.T) {
	uri := "postgres://lms:hunter2@127.0.0.1:1/campus?frobnicate=hunter2"
	f := Classify(open(t, Options{URI: fixed(uri)}).Ping(t.Context()))
	if f.Class != SecretInvalid || f.Retry != Hold || !strings.Contains(f.Message, "frobnicate") || strings.Contains(f.Message, "hunter2") {
		t.Errorf("got %+v", f)
	}
}

// TestEverySettingOfASessionIsKnown holds the list against the server at hand. A
// newer one may have a few more, which go the way that the message tells.
func TestEverySettingOfASessionIsKnown(t *testing.T) {
	rows, err := pgtest.Connect(t, pgtest.Database(t)).Query(t.Context(),
		"SELECT name FROM pg_settings WHERE context IN ('user', 'backend', 'superuser', 'superuser-backend')")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen, newer := 0, 0
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		seen++
		target, err := connstring.Parse("postgres://lms@db.internal/campus?" + name + "=1")
		if err != nil {
			newer++
			advice := "options=-c%20" + name + "%3D1"
			_, followed := connstring.Parse("postgres://lms@db.internal/campus?" + advice)
			if !strings.Contains(err.Error(), "options=-c%20name%3Dvalue") || followed != nil {
				t.Errorf("%s: %v; as it says: %v", name, err, followed)
			}
			continue
		}
		ours := name == "client_encoding" || name == "tcp_user_timeout" // of the client, in libpq's meaning
		if goesOn := slices.Contains(target.Settings(), strings.ToLower(name)); goesOn == ours {
			t.Errorf("%s goes on to the server: %v", name, goesOn)
		}
	}
	if seen < 100 || newer > seen/20 {
		t.Errorf("%d settings, %d of them not known", seen, newer)
	}
}

// TestWhatPrismaSaysOfAPgBouncerIsHeard writes and reads in turns through two
// server connections, which lose prepared statements unless PgBouncer is so new
// that it follows them.
func TestWhatPrismaSaysOfAPgBouncerIsHeard(t *testing.T) {
	var name string
	if err := pgtest.Connect(t, pgtest.Database(t)).QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	bouncer, err := pgtest.Shared(t).StartBouncer(t.Context(), "default_pool_size = 2")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bouncer.Close(); err != nil {
			t.Error(err)
		}
	})
	uri := bouncer.URI(name)
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	var writers []*writer
	for _, parameters := range []string{"pgbouncer=true&schema=public", "prepareThreshold=0", "prepared_statements=false"} {
		writers = append(writers, claim(t, open(t, Options{URI: fixed(uri + separator + parameters)})))
	}
	const turns = 5
	for range turns {
		for _, w := range writers {
			w.apply(t, watched(1))
			read(t, w.d, key(1))
		}
	}
	if got := read(t, writers[0].d, key(1)); got.UpdateCount != int64(turns*len(writers)) {
		t.Errorf("%d updates", got.UpdateCount)
	}
	f := Classify(open(t, Options{URI: fixed(uri + separator + "lock_timeout=4s")}).Ping(t.Context()))
	if f.SQLState != "08P01" || !strings.Contains(f.Message, "(lock_timeout)") || !strings.Contains(f.Message, "ignore_startup_parameters") {
		t.Errorf("a setting through a PgBouncer: %+v", f)
	}
}

// TestASecretThatIsNoURIReachesNobody has a server at the place that libpq would
// take by default, which must not be asked.
func TestASecretThatIsNoURIReachesNobody(t *testing.T) {
	uri := pgtest.Database(t)
	server := pgtest.Shared(t).URI(pgtest.Superuser, "")
	address := server[strings.Index(server, "@")+1 : strings.Index(server, "/?")]
	host, port, _ := strings.Cut(address, ":")
	t.Setenv("PGHOST", host)
	t.Setenv("PGPORT", port)
	t.Setenv("PGSSLMODE", "disable")
	for name, text := range map[string]string{
		"in quotes":          `"` + uri + `"`,
		"after a variable":   "DATABASE_URL=" + uri,
		"for Java":           "jdbc:" + uri,
		"keywords, no host":  "user=postgres password=hunter2 dbname=postgres",
		"a URI without host": "postgres:///postgres?user=postgres",
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, Options{URI: fixed(text)})
			if f := Classify(d.Ping(t.Context())); f.Class != SecretInvalid || f.Retry != Hold {
				t.Errorf("got %+v", f)
			}
			if n := d.Connections(); n != 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
}
