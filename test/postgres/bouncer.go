package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/program"
)

// ErrNoBouncer is wrapped by StartBouncer where the program is missing.
var ErrNoBouncer = errors.New("no PgBouncer is installed; on Debian: apt-get install pgbouncer")

// Bouncer is a PgBouncer in transaction mode, in front of a Server.
type Bouncer struct {
	dir     string
	port    int
	process *program.Process
}

// StartBouncer starts one on loopback and a free port. It lets everyone in as
// the server's superuser. The lines are further settings of its [pgbouncer]
// section.
func (s *Server) StartBouncer(ctx context.Context, lines ...string) (*Bouncer, error) {
	binary, err := bouncerProgram(exec.LookPath, "/usr/sbin/pgbouncer")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-bouncer-")
	if err != nil {
		return nil, fmt.Errorf("creating a folder for PgBouncer: %w", err)
	}
	b := &Bouncer{dir: dir}
	if err := b.start(ctx, s, binary, lines); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// bouncerProgram returns the one on PATH, else Debian's, which is not on
// everyone's PATH.
func bouncerProgram(lookPath func(string) (string, error), debian string) (string, error) {
	if program, err := lookPath("pgbouncer"); err == nil {
		return program, nil
	}
	if _, err := os.Stat(debian); err != nil {
		return "", fmt.Errorf("looking for pgbouncer on PATH and at %s: %w", debian, ErrNoBouncer)
	}
	return debian, nil
}

func (b *Bouncer) start(ctx context.Context, s *Server, binary string, lines []string) (err error) {
	if b.port, err = port.Free(); err != nil {
		return err
	}
	s.mu.Lock()
	password := s.passwords[Superuser]
	s.mu.Unlock()
	file, logFile := filepath.Join(b.dir, "pgbouncer.ini"), filepath.Join(b.dir, "pgbouncer.log")
	target := fmt.Sprintf("host=127.0.0.1 port=%d user=%s", s.port, Superuser)
	if password != "" { // it takes an empty one for a mistake
		target += " password='" + strings.ReplaceAll(password, "'", "''") + "'"
	}
	config := fmt.Sprintf("[databases]\n* = %s\n"+
		"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"+
		"auth_type = any\npool_mode = transaction\n%s\n",
		target, b.port, strings.Join(lines, "\n"))
	if err := errors.Join(s.account.own(b.dir), s.account.write(file, config)); err != nil {
		return err
	}
	if b.process, err = s.account.startProcess(b.dir, logFile, true, binary, file); err != nil {
		return err
	}
	return waitStarted(ctx, b.process, "PgBouncer", func(context.Context) error {
		conn, err := net.Dial("tcp", b.address())
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

func (b *Bouncer) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(b.port)) }

// URI for a database through the bouncer.
func (b *Bouncer) URI(database string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", Superuser, b.address(), database)
}

// Close stops the bouncer and removes its folder.
func (b *Bouncer) Close() error {
	var err error
	if b.process != nil {
		err = stop(b.process, syscall.SIGTERM)
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}
