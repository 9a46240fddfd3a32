package connstring

import (
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Target is where and how to connect, complete: nothing is left for the
// environment to fill in. It holds the password.
type Target struct {
	settings, session map[string]string
	minTLS, maxTLS    uint16
	withoutStatement  bool
}

// String keeps the password out of what is printed.
func (t Target) String() string { return "a connection string" }

// GoString is String.
func (t Target) GoString() string { return t.String() }

// Unprepared reports whether the text asks for no prepared statements.
func (t Target) Unprepared() bool { return t.withoutStatement }

// Settings are the names of what goes on to the server, sorted.
func (t Target) Settings() []string {
	names := make([]string, 0, len(t.session))
	for name := range t.session {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Local reports whether every host is on this machine's loopback: a proxy of the
// pod's own is between, or a socket.
func (t Target) Local() bool {
	for host := range strings.SplitSeq(t.settings["host"], ",") {
		if strings.HasPrefix(host, "/") || strings.EqualFold(host, "localhost") {
			continue
		}
		if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
			return false
		}
	}
	return true
}

const (
	defaultPort           = "5432"
	defaultConnectTimeout = "5" // seconds; libpq has none
)

// target checks that nothing is missing and fills in the defaults.
func (d *draft) target() (Target, error) {
	if err := checkHosts(d.settings["host"]); err != nil {
		return Target{}, err
	}
	if err := checkPorts(d.settings["port"], strings.Count(d.settings["host"], ",")+1); err != nil {
		return Target{}, err
	}
	if d.settings["user"] == "" {
		return Target{}, wrong("it names no role", adviceForm)
	}
	if (d.settings["sslcert"] == "") != (d.settings["sslkey"] == "") {
		return Target{}, wrong("it has only one of sslcert and sslkey", "They are certificate and key of the client. A CA, "+
			"which is Prisma's sslcert, is sslrootcert here.")
	}
	mode, err := d.sslMode()
	if err != nil {
		return Target{}, err
	}
	settings := map[string]string{
		"port": defaultPort, "database": "", "password": "", "passfile": os.DevNull, "connect_timeout": defaultConnectTimeout,
		"sslkey": "", "sslcert": "", "sslcertmode": "allow", "sslrootcert": "", "sslpassword": "", "sslsni": "1",
		"sslnegotiation": "postgres", "krbspn": "", "krbsrvname": "", "target_session_attrs": "any",
		"min_protocol_version": "", "max_protocol_version": "", "channel_binding": "prefer", "require_auth": "",
	}
	for name, value := range d.settings {
		if value != "" {
			settings[name] = value
		}
	}
	settings["sslmode"] = mode
	if settings["connect_timeout"] == "0" {
		settings["connect_timeout"] = defaultConnectTimeout
	}
	return Target{settings, d.session, d.minTLS, d.maxTLS, d.withoutStatement}, nil
}

func checkHosts(hosts string) error {
	if hosts == "" {
		return wrong("it names no host", "Write the host's name between @ and the next /. "+adviceForm)
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			return wrong("a host is missing in the list of hosts", adviceForm)
		}
		if !isHost(host) {
			return wrong("the host can't be one", adviceForm+" "+adviceCode)
		}
	}
	return nil
}

// isHost takes a name, an address or the folder of a socket. A password or other
// parameters in the place of a host must not reach a name server.
func isHost(host string) bool {
	if strings.HasPrefix(host, "/") {
		return !hasSpace(host)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func checkPorts(ports string, hosts int) error {
	if ports == "" {
		return nil
	}
	list := strings.Split(ports, ",")
	if len(list) != 1 && len(list) != hosts {
		return wrong("it has not as many ports as hosts", "Write one port for all hosts, or one for each.")
	}
	for _, port := range list {
		if port == "" {
			continue
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return wrong("the port is no number from 1 to 65535", adviceForm+" "+adviceCode)
		}
	}
	return nil
}

// Keywords is the Target in libpq's form, for pgx. It names each setting that
// pgx would otherwise take from the environment or a home directory.
func (t Target) Keywords() string {
	names := make([]string, 0, len(t.settings))
	for name := range t.settings {
		names = append(names, name)
	}
	slices.Sort(names)
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + "='" + escape.Replace(t.settings[name]) + "' ")
	}
	return b.String()
}

// Config is the Target for pgx. It reads the files that the text names. Every
// error is an *Error.
func (t Target) Config() (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig(t.Keywords())
	if err != nil {
		// The texts of pgx hold values.
		return nil, t.unusable()
	}
	// What pgx puts here by itself is of the environment.
	c.RuntimeParams = make(map[string]string, len(t.session))
	maps.Copy(c.RuntimeParams, t.session)
	for i := -1; i < len(c.Fallbacks); i++ {
		limited := c.TLSConfig
		if i >= 0 {
			limited = c.Fallbacks[i].TLSConfig
		}
		if limited != nil {
			limited.MinVersion, limited.MaxVersion = t.minTLS, t.maxTLS
		}
	}
	return c, nil
}

func (t Target) unusable() error {
	if _, found := os.LookupEnv("PGSERVICE"); found {
		return wrong("the environment variable PGSERVICE is set", "Remove it from the sidecar's environment: only the Secret counts.")
	}
	const files = "They have to be there and in PEM; what the Secret holds under ca.crt, tls.crt and tls.key is in /etc/progress-sync/database."
	var named []string
	for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
		if value := t.settings[name]; value != "" && value != "system" {
			named = append(named, name)
		}
	}
	if len(named) > 0 {
		return wrong("a file that it names can't be used ("+strings.Join(named, ", ")+")", files)
	}
	return wrong("the value of require_auth, or the bounds of the protocol's version, can't be used", "Correct or remove them.")
}
