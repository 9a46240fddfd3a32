package connstring

import (
	"crypto/tls"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

const base = "postgres://lms:hunter2@db.internal:5433/campus"

// sslModeOf is how a configuration reaches its host, as sslmode would say it.
func sslModeOf(t *testing.T, text string) string {
	t.Helper()
	target, err := Parse(text)
	if err != nil {
		t.Fatalf("%v", err)
	}
	c, err := target.Config()
	if err != nil {
		t.Fatal(err)
	}
	plain := len(c.Fallbacks) > 0 && c.Fallbacks[0].TLSConfig == nil
	switch {
	case c.TLSConfig == nil && len(c.Fallbacks) == 0:
		return "disable"
	case c.TLSConfig == nil:
		return "allow"
	case plain:
		return "prefer"
	case !c.TLSConfig.InsecureSkipVerify:
		return "verify-full"
	case c.TLSConfig.VerifyPeerCertificate != nil:
		return "verify-ca"
	default:
		return "require"
	}
}

func TestNoWordForTLSIsWeakened(t *testing.T) {
	for name, tt := range map[string]struct{ parameters, want string }{
		"nothing said is libpq's default":                        {"", "prefer"},
		"libpq's own word":                                       {"sslmode=require", "require"},
		"in capitals":                                            {"SSLMode=verify-full", "verify-full"},
		"JDBC's ssl":                                             {"ssl=true", "require"},
		"node's ssl as a number":                                 {"ssl=1", "require"},
		"JDBC's ssl without a value":                             {"ssl=", "require"},
		"ssl=true after a weaker sslmode":                        {"sslmode=prefer&ssl=true", "require"},
		"ssl=true before a weaker sslmode":                       {"ssl=true&sslmode=prefer", "require"},
		"ssl=true beside a stronger sslmode":                     {"ssl=true&sslmode=verify-full", "verify-full"},
		"ssl=false takes nothing from sslmode":                   {"sslmode=verify-full&ssl=false", "verify-full"},
		"ssl=false alone is as if it were not there":             {"ssl=false", "prefer"},
		"a mode in ssl, as asyncpg has it":                       {"ssl=verify-full", "verify-full"},
		"ssl=disable":                                            {"ssl=disable", "disable"},
		"node's no-verify encrypts":                              {"sslmode=no-verify", "require"},
		"node's ssl=no-verify encrypts":                          {"ssl=no-verify", "require"},
		"Prisma's strict verifies":                               {"sslmode=require&sslaccept=strict", "verify-full"},
		"Prisma's strict alone":                                  {"sslaccept=strict", "verify-full"},
		"Prisma's lax word takes nothing from a strict sslmode":  {"sslmode=verify-full&sslaccept=accept_invalid_certs", "verify-full"},
		"a factory of JDBC that trusts anybody takes nothing":    {"sslmode=verify-full&sslfactory=org.postgresql.ssl.NonValidatingFactory", "verify-full"},
		"libpq's old word":                                       {"requiressl=1", "require"},
		"sqlx's spelling":                                        {"ssl-mode=verify-full", "verify-full"},
		"the roots of the system imply the full check, as libpq": {"sslmode=require&sslrootcert=system", "verify-full"},
		"TLS from the first byte is TLS":                         {"sslnegotiation=direct", "require"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sslModeOf(t, base+"?"+tt.parameters); got != tt.want {
				t.Errorf("%s is %s, want %s", tt.parameters, got, tt.want)
			}
		})
	}
}

func TestStringsAsTheyAreWrittenForOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		text       string
		settings   map[string]string // what goes on to the server
		unprepared bool
	}{
		"Prisma": {text: base + "?schema=public&connection_limit=5&pool_timeout=10&socket_timeout=3"},
		"Prisma behind a PgBouncer": {
			text: base + "?pgbouncer=true&connection_limit=1", unprepared: true},
		"Prisma on Supabase and Vercel": {
			text: "postgresql://postgres.ref:hunter2@db.internal:5433/campus?pgbouncer=true&supa=base-pooler.x&workaround=supabase-pooler.vercel", unprepared: true},
		"Rails": {text: base + "?pool=5&encoding=unicode&checkout_timeout=5&reaping_frequency=10"},
		"Rails without prepared statements": {
			text: base + "?pool=5&prepared_statements=false", unprepared: true},
		"JDBC's parameters": {
			text:     base + "?currentSchema=lms&reWriteBatchedInserts=true&tcpKeepAlive=true&ApplicationName=lms&stringtype=unspecified",
			settings: map[string]string{"application_name": "lms"}},
		"JDBC's role and password": {text: "postgres://db.internal:5433/campus?user=lms&password=hunter2"},
		"JDBC without prepared statements": {
			text: base + "?prepareThreshold=0", unprepared: true},
		"libpq": {text: base + "?gssencmode=disable&keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3" +
			"&tcp_user_timeout=5000&client_encoding=utf8&sslcompression=0&load_balance_hosts=random&fallback_application_name=x"},
		"node-postgres":           {text: base + "?max=20&idleTimeoutMillis=1000&uselibpqcompat=true"},
		"Django":                  {text: base + "?conn_max_age=600&conn_health_checks=true"},
		"asyncpg":                 {text: base + "?command_timeout=60&statement_cache_size=0", unprepared: true},
		"Doctrine":                {text: base + "?serverVersion=16&charset=utf8mb4"},
		"pgx":                     {text: base + "?pool_max_conns=10&default_query_exec_mode=simple_protocol&statement_cache_capacity=7", unprepared: true},
		"Neon":                    {text: base + "?channel_binding=require&options=endpoint%3Dep-a", settings: map[string]string{"options": "endpoint=ep-a"}},
		"a tool for migrations":   {text: base + "?x-migrations-table=m"},
		"settings of the server":  {text: base + "?statement_timeout=5s&search_path=lms,public&TimeZone=UTC&my.tenant=7", settings: map[string]string{"statement_timeout": "5s", "search_path": "lms,public", "timezone": "UTC", "my.tenant": "7"}},
		"white space around it":   {text: " \t\r\n" + base + "\n"},
		"a byte order mark":       {text: "\ufeff" + base + "\r\n"},
		"libpq's keywords":        {text: "host=db.internal port=5433 user=lms password='hunter2' dbname = campus"},
		"keywords on a few lines": {text: "host=db.internal\nport=5433\nuser=lms\npassword=hunter\\2\ndbname=campus\n"},
	} {
		t.Run(name, func(t *testing.T) {
			target, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			c, err := target.Config()
			if err != nil {
				t.Fatal(err)
			}
			if c.Host != "db.internal" || c.Port != 5433 || c.Password != "hunter2" || c.Database != "campus" ||
				c.User != "lms" && c.User != "postgres.ref" {
				t.Errorf("got %s:%d, role %s, password %s, database %s", c.Host, c.Port, c.User, c.Password, c.Database)
			}
			if !maps.Equal(c.RuntimeParams, tt.settings) {
				t.Errorf("%v goes on to the server, want %v", c.RuntimeParams, tt.settings)
			}
			if target.Unprepared() != tt.unprepared {
				t.Errorf("unprepared is %v", target.Unprepared())
			}
		})
	}
}

func TestWhatIsFollowedIsFollowed(t *testing.T) {
	configure := func(t *testing.T, parameters string) *pgconn.Config {
		t.Helper()
		target, err := Parse(base + "?" + parameters)
		if err != nil {
			t.Fatal(err)
		}
		c, err := target.Config()
		if err != nil {
			t.Fatal(err)
		}
		return &c.Config
	}
	if c := configure(t, "channel_binding=require"); c.ChannelBinding != "require" {
		t.Errorf("channel binding is %s", c.ChannelBinding)
	}
	if c := configure(t, "channelBinding=require&requireAuth=scram-sha-256"); c.ChannelBinding != "require" || c.RequireAuth != "scram-sha-256" {
		t.Errorf("JDBC's spelling: %s, %s", c.ChannelBinding, c.RequireAuth)
	}
	if c := configure(t, "sslmode=prefer&ssl_min_protocol_version=TLSv1.3"); c.TLSConfig.MinVersion != tls.VersionTLS13 {
		t.Errorf("TLS from %x on", c.TLSConfig.MinVersion)
	}
	if c := configure(t, "targetServerType=primary"); c.ValidateConnect == nil {
		t.Error("targetServerType=primary takes any server")
	}
	if c := configure(t, "targetServerType=any"); c.ValidateConnect != nil {
		t.Error("targetServerType=any checks the server")
	}
	if c := configure(t, "connect_timeout=7"); c.ConnectTimeout.Seconds() != 7 {
		t.Errorf("connect_timeout is %s", c.ConnectTimeout)
	}
	if c := configure(t, "connect_timeout=0"); c.ConnectTimeout.Seconds() != 5 {
		t.Errorf("without an end, connect_timeout is %s", c.ConnectTimeout)
	}
	if c := configure(t, "host=/var/run/postgresql"); c.Host != "/var/run/postgresql" || c.TLSConfig != nil {
		t.Errorf("a socket is %s", c.Host)
	}
}

func TestSeveralHostsKeepTheirPorts(t *testing.T) {
	target, err := Parse("postgres://lms@a,b:5433,[::1]:5434/campus?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.Config()
	if err != nil {
		t.Fatal(err)
	}
	got := []string{pgconnAddress(c.Host, c.Port)}
	for _, f := range c.Fallbacks {
		got = append(got, pgconnAddress(f.Host, f.Port))
	}
	if want := []string{"a:5432", "b:5433", "[::1]:5434"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func pgconnAddress(host string, port uint16) string {
	_, address := pgconn.NetworkAddress(host, port)
	return address
}

func TestWhatCantBeUsedIsRefusedWithAdvice(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":                                  {" \n", "it is empty"},
		"double quotes":                            {`"` + base + `"`, "Leave only the URI itself"},
		"single quotes":                            {`'` + base + `'`, "Leave only the URI itself"},
		"a quote at the end":                       {base + `"`, "ends with a quotation mark"},
		"the name of a variable":                   {"DATABASE_URL=" + base, "Leave only the URI itself"},
		"an export of a shell":                     {"export DATABASE_URL='" + base + "'", "Leave only the URI itself"},
		"a line of YAML":                           {"uri: " + base, "Leave only the URI itself"},
		"a command":                                {"psql '" + base + "'", "Leave only the URI itself"},
		"a document of JSON":                       {`{"uri":"` + base + `"}`, "Leave only the URI itself"},
		"JDBC":                                     {"jdbc:postgresql://db.internal:5433/campus?user=lms&password=hunter2", "is for Java"},
		"JDBC without a host":                      {"jdbc:postgresql:campus", "is for Java"},
		"SQLAlchemy's driver":                      {"postgresql+psycopg2://lms:hunter2@db.internal/campus", "without the name of a driver"},
		"asyncpg":                                  {"postgresql+asyncpg://lms:hunter2@db.internal/campus", "without the name of a driver"},
		"PostGIS of Django":                        {"postgis://lms:hunter2@db.internal/campus", "Write postgres:// there"},
		"another database":                         {"mysql://lms:hunter2@db.internal/campus", "Write postgres:// there"},
		"base64 once more":                         {"cG9zdGdyZXM6Ly9sbXM6aHVudGVyMkBkYi5pbnRlcm5hbC9jYW1wdXM=", "base64 once more"},
		".NET":                                     {"Host=db.internal;Username=lms;Password=hunter2;Database=campus", "as connection strings of .NET have"},
		"a second line":                            {base + "\n" + base, "white space or a second line"},
		"a space in the password":                  {"postgres://lms:hunter 2@db.internal/campus", "%20 for a space"},
		"a word":                                   {"hunter2", "it is no URI"},
		"a password that has a =":                  {"hunter2=", "it is no URI"},
		"no host":                                  {"postgres:///campus?user=lms&password=hunter2", "names no host"},
		"only a role":                              {"postgres://lms:hunter2@", "names no host"},
		"a host missing in a list":                 {"postgres://lms:hunter2@a,,b/campus", "a host is missing"},
		"keywords without a host":                  {"user=lms password=hunter2 dbname=campus", "names no host"},
		"no role":                                  {"postgres://db.internal/campus", "names no role"},
		"an @ in the password":                     {"postgres://lms:hunter@2@db.internal/campus", "%40 for @"},
		"a / in the password":                      {"postgres://lms:hun/ter2@db.internal/campus", "%2F for /"},
		"a / after digits in the password":         {"postgres://lms:12/hunter2@db.internal/campus", "%2F for /"},
		"a / and a ? in the password":              {"postgres://lms:12/?hunter2=x@db.internal/campus", "%2F for /"},
		"a % in the password":                      {"postgres://lms:hunter%2@db.internal/campus", "%25 for %"},
		"an @ in the role, as on Azure":            {"postgres://lms@server:hunter2@db.internal/campus", "%40 for @"},
		"an @ in a password after the ?":           {"postgres://db.internal/campus?user=lms&password=hun@ter2", "%40 for @"},
		"the same without a /":                     {"postgres://db.internal:5432?user=lms&password=hun@ter2", "%40 for @"},
		"an & in a password after the ?":           {"postgres://db.internal/campus?user=lms&password=a&hunter2=b", "after its password"},
		"a space in a password among keywords":     {"host=db.internal user=lms password=my hunter2=x", "after its password"},
		"a / in the database":                      {"postgres://lms:hunter2@db.internal/campus/more", "name of the database"},
		"a host with a placeholder":                {"postgres://lms:hunter2@${HOST}/campus", "the host can't be one"},
		"a port that is none":                      {"postgres://lms:hunter2@db.internal:port/campus", "the port is no number"},
		"port 0":                                   {"postgres://lms:hunter2@db.internal:0/campus", "the port is no number"},
		"more ports than hosts":                    {base + "?port=1,2,3", "as many ports as hosts"},
		"a parameter that nobody knows":            {base + "?frobnicate=1", "a parameter frobnicate that"},
		"a parameter without a value":              {base + "?schema", "no name or no value"},
		"a sslmode that is none":                   {base + "?sslmode=always", "Use one of disable, allow, prefer"},
		"TLS forbidden and asked for":              {base + "?sslmode=disable&ssl=true", "forbids TLS"},
		"Prisma's CA":                              {base + "?sslcert=ca.pem", "is sslrootcert here"},
		"Prisma's certificate":                     {base + "?sslidentity=client.p12&sslpassword=x", "sslidentity can't be followed"},
		"encryption by GSS":                        {base + "?gssencmode=require", "gssencmode=require can't be done"},
		"a list of revoked certificates":           {base + "?sslcrl=crl.pem", "sslcrl can't be followed"},
		"a service":                                {base + "?service=lms", "service can't be followed"},
		"an address beside the host":               {base + "?hostaddr=10.0.0.1", "in the place of the host"},
		"a file that is not there":                 {base + "?sslrootcert=/nowhere/ca.crt", "(sslrootcert)"},
		"a way to authenticate that is none":       {base + "?require_auth=magic", "require_auth"},
		"an old version of TLS at most":            {base + "?ssl_max_protocol_version=TLSv1", "Use TLSv1.2 or TLSv1.3"},
		"the protocol of replication":              {base + "?replication=database", "replication can't be followed"},
		"a NUL in a password":                      {"postgres://lms:hunter2%00x@db.internal/campus", "percent-encoded"},
		"an IPv6 address without its second brace": {"postgres://lms:hunter2@[::1/campus", "between [ and ]"},
	} {
		t.Run(name, func(t *testing.T) {
			target, err := Parse(tt.text)
			if err == nil {
				_, err = target.Config()
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(e.Error(), tt.want) {
				t.Errorf("%q is not in %q", tt.want, e)
			}
			for _, secret := range []string{"hunter", "ter2", "lms", "db.internal", "campus", "nowhere"} {
				if strings.Contains(strings.ReplaceAll(e.Error(), "database", ""), secret) {
					t.Errorf("%q is in %q", secret, e)
				}
			}
		})
	}
}

func TestTheEnvironmentFillsNoHole(t *testing.T) {
	home := t.TempDir()
	for name, value := range map[string]string{
		"PGHOST": "elsewhere", "PGPORT": "1", "PGDATABASE": "elsewhere", "PGUSER": "elsewhere", "PGPASSWORD": "elsewhere",
		"PGSSLMODE": "disable", "PGSSLROOTCERT": "/nowhere", "PGSSLCERT": "/nowhere", "PGSSLKEY": "/nowhere", "PGSSLCERTMODE": "",
		"PGOPTIONS": "-c search_path=elsewhere", "PGAPPNAME": "elsewhere", "PGTZ": "elsewhere", "PGCONNECT_TIMEOUT": "99",
		"PGTARGETSESSIONATTRS": "standby", "PGCHANNELBINDING": "disable", "PGREQUIREAUTH": "none", "PGSSLNEGOTIATION": "direct",
		"PGMINPROTOCOLVERSION": "9", "HOME": home,
	} {
		t.Setenv(name, value)
	}
	target, err := Parse("postgres://lms@db.internal")
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.Config()
	if err != nil {
		t.Fatal(err)
	}
	if c.Host != "db.internal" || c.Port != 5432 || c.User != "lms" || c.Password != "" || c.Database != "" ||
		c.TLSConfig == nil || c.ConnectTimeout.Seconds() != 5 || c.ValidateConnect != nil || len(c.RuntimeParams) != 0 ||
		c.ChannelBinding != "prefer" || c.RequireAuth != "" || c.SSLNegotiation != "postgres" {
		t.Errorf("the environment got in: %+v", c.Config)
	}
	for _, text := range []string{"", "postgres://", "postgres:///campus", "user=lms"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was filled up", text)
		}
	}
	t.Setenv("PGSERVICE", "elsewhere")
	if _, err := target.Config(); err == nil || !strings.Contains(err.Error(), "PGSERVICE is set") {
		t.Errorf("with a service: %v", err)
	}
}

func TestATargetDoesNotPrintItsPassword(t *testing.T) {
	target, err := Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	if text := sprint(target); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}

func TestAProxyOfThePodsOwnIsToldFromAServer(t *testing.T) {
	for text, want := range map[string]bool{
		"postgres://lms@127.0.0.1:15432/campus":                true,
		"postgres://lms@127.0.0.53/campus":                     true,
		"postgres://lms@localhost/campus":                      true,
		"postgres://lms@LOCALHOST/campus":                      true,
		"postgres://lms@[::1]:5432/campus":                     true,
		"host=/cloudsql/p:r:i user=lms dbname=campus":          true,
		"postgres://lms@127.0.0.1:1,localhost:2/campus":        true,
		"postgres://lms@127.0.0.1:1,db.internal:2/campus":      false,
		"postgres://lms@db.internal/campus":                    false,
		"postgres://lms@localhost.example/campus":              false,
		"postgres://lms@10.0.0.1/campus":                       false,
		"host=db.internal user=localhost dbname=campus port=1": false,
	} {
		target, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := target.Local(); got != want {
			t.Errorf("%s: local is %t", text, got)
		}
	}
}
