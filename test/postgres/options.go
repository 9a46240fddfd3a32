package pgtest

import (
	"fmt"
	"strings"
)

// Superuser is the role that every server is created with.
const Superuser = "postgres"

// Options say what a server is like. The zero value is a server on
// 127.0.0.1 and a free port that trusts every login from there.
type Options struct {
	// Dir holds the data directory and the server's log. Empty for a folder
	// of its own below os.TempDir, which Close removes. A data directory that
	// is already there is used as it is.
	Dir string
	// Listen are the addresses to listen on besides 127.0.0.1.
	Listen []string
	// Port, or 0 for a free one.
	Port int
	// Password of the superuser. With one, logins from loopback need
	// scram-sha-256, without one none.
	Password string
	// Config are further lines of postgresql.conf, the last word on a setting.
	Config []string
	// HBA are further lines of pg_hba.conf, before the ones for loopback, such
	// as "host all all 10.244.7.0/24 scram-sha-256".
	HBA []string
	// Outlive lets the server go on when the process that started it ends.
	Outlive bool
}

// Relaxed are lines of postgresql.conf that give up surviving a crash of the
// machine for speed. They are right for tests of what a statement does.
func Relaxed() []string {
	return []string{"fsync = off", "full_page_writes = off", "synchronous_commit = off"}
}

func (o Options) postgresqlConf(port int) string {
	var b strings.Builder
	addresses := append([]string{"127.0.0.1"}, o.Listen...)
	fmt.Fprintf(&b, "listen_addresses = '%s'\nport = %d\n", strings.Join(addresses, ","), port)
	b.WriteString("unix_socket_directories = ''\n")
	b.WriteString("timezone = 'UTC'\nlog_timezone = 'UTC'\nlog_line_prefix = '%m [%p] %u@%d '\n")
	for _, line := range o.Config {
		b.WriteString(line + "\n")
	}
	return b.String()
}

func (o Options) pgHBA() string {
	method := "trust"
	if o.Password != "" {
		method = "scram-sha-256"
	}
	lines := append(append([]string{}, o.HBA...),
		"host all all 127.0.0.1/32 "+method,
		"host replication all 127.0.0.1/32 "+method)
	return strings.Join(lines, "\n") + "\n"
}
