package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/progress-sync/progress-sync/test/kit/program"
)

// Server is a PostgreSQL server of our own. Its methods may be called from
// several goroutines, except that starting and stopping it is for one at a
// time.
type Server struct {
	options   Options
	binaries  string
	account   serverAccount
	dir       string
	removeDir bool
	port      int

	mu        sync.Mutex
	passwords map[string]string
	process   *program.Process // nil while stopped
	frozen    []int
}

// Start creates a data directory, unless there is one in Options.Dir, and
// starts a server on it. It returns when the server accepts connections.
func Start(ctx context.Context, options Options) (*Server, error) {
	binaries, err := binaryFolder()
	if err != nil {
		return nil, err
	}
	account, err := findAccount()
	if err != nil {
		return nil, err
	}
	s := &Server{
		options:   options,
		binaries:  binaries,
		account:   account,
		dir:       options.Dir,
		port:      options.Port,
		passwords: map[string]string{Superuser: options.Password},
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.StartAgain(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) prepare(ctx context.Context) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "pgtest-")
		if err != nil {
			return fmt.Errorf("creating a folder for PostgreSQL: %w", err)
		}
		s.dir, s.removeDir = dir, true
	} else if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("creating a folder for PostgreSQL: %w", err)
	}
	if err := s.account.own(s.dir); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.dataDir(), "PG_VERSION")); err == nil {
		return nil
	}
	return s.initdb(ctx)
}

func (s *Server) initdb(ctx context.Context) error {
	args := []string{
		"--pgdata=" + s.dataDir(), "--username=" + Superuser, "--encoding=UTF8", "--locale=C.UTF-8",
		"--auth=trust", "--no-sync", "--no-instructions",
	}
	if s.options.Password != "" {
		file := filepath.Join(s.dir, "password")
		if err := s.account.write(file, s.options.Password+"\n"); err != nil {
			return err
		}
		defer os.Remove(file)
		args = append(args, "--pwfile="+file)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.binaries, "initdb"), args...)
	cmd.Dir, cmd.Env = s.dir, serverEnvironment()
	cmd.SysProcAttr = s.account.attributes(false)
	output, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("running initdb as another user in %s, which needs the right to pass through each folder above it: %w", s.dir, err)
	}
	if err != nil {
		return fmt.Errorf("running initdb: %w\n%s", err, output)
	}
	return nil
}

func (s *Server) dataDir() string { return filepath.Join(s.dir, "data") }
func (s *Server) logFile() string { return filepath.Join(s.dir, "server.log") }

// Port that the server listens on.
func (s *Server) Port() int { return s.port }

// URI for a role and a database, from this machine. It holds the password if
// the role is the superuser or was made by CreateRole.
func (s *Server) URI(user, database string) string { return s.URIOn("127.0.0.1", user, database) }

// URIOn is URI with another of the server's addresses.
func (s *Server) URIOn(host, user, database string) string {
	s.mu.Lock()
	password := s.passwords[user]
	s.mu.Unlock()
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(user),
		Host:     net.JoinHostPort(host, strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	if password != "" {
		u.User = url.UserPassword(user, password)
	}
	return u.String()
}

// Close stops the server and removes its folder if Start made it. A second
// call does nothing.
func (s *Server) Close() error {
	s.Thaw()
	err := s.Stop(Immediate)
	if s.removeDir {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
