package pgtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// StopMode is how a server is stopped, by PostgreSQL's own names.
type StopMode int

const (
	// Fast rolls back what is open, disconnects everyone and shuts down cleanly.
	Fast StopMode = iota
	// Immediate is a crash: the next start recovers from the log.
	Immediate
)

func (m StopMode) signal() syscall.Signal {
	if m == Immediate {
		return syscall.SIGQUIT
	}
	return syscall.SIGINT
}

const (
	startPatience = 60 * time.Second
	pollPause     = 10 * time.Millisecond
)

// StartAgain starts a stopped server on the same data and the same port, and
// returns when it accepts connections. On a running server it does nothing.
func (s *Server) StartAgain(ctx context.Context) error {
	if s.running() != nil {
		return nil
	}
	if s.port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.port = port
	}
	if err := s.account.write(filepath.Join(s.dataDir(), "postgresql.conf"), s.options.postgresqlConf(s.port)); err != nil {
		return err
	}
	if err := s.account.write(filepath.Join(s.dataDir(), "pg_hba.conf"), s.options.pgHBA()); err != nil {
		return err
	}
	p, err := s.account.startProcess(s.dir, s.logFile(), !s.options.Outlive,
		filepath.Join(s.binaries, "postgres"), "-D", s.dataDir())
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
	return s.waitReady(ctx, p)
}

// Stop ends the server and waits until it is gone. On a stopped server it does
// nothing. A frozen server is thawed first.
func (s *Server) Stop(mode StopMode) error {
	p := s.running()
	if p == nil {
		return nil
	}
	s.Thaw()
	if err := p.stop(mode.signal()); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	s.mu.Lock()
	s.process = nil
	s.mu.Unlock()
	return nil
}

// Freeze stops every process of the server in its tracks (SIGSTOP): open
// connections stay open and nobody answers.
func (s *Server) Freeze() error {
	p := s.running()
	if p == nil {
		return fmt.Errorf("freezing PostgreSQL: it is not running")
	}
	// The postmaster first, so that no process is born behind our back.
	if err := syscall.Kill(p.pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("freezing PostgreSQL: %w", err)
	}
	frozen := []int{p.pid}
	children, err := childrenOf(p.pid)
	for _, pid := range children {
		if syscall.Kill(pid, syscall.SIGSTOP) == nil {
			frozen = append(frozen, pid)
		}
	}
	s.mu.Lock()
	s.frozen = frozen
	s.mu.Unlock()
	return err
}

// Thaw lets a frozen server go on. On any other it does nothing.
func (s *Server) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pid := range s.frozen {
		// A process that has been killed meanwhile needs no thawing.
		_ = syscall.Kill(pid, syscall.SIGCONT)
	}
	s.frozen = nil
}

// running returns the process unless it has ended, by our hand or another's.
func (s *Server) running() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	select {
	case <-s.process.done:
		s.process = nil
	default:
	}
	return s.process
}

// waitReady waits for the line that the server adds to its pid file once it
// accepts connections; pg_ctl does the same.
func (s *Server) waitReady(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	const statusLine = 7
	poll := time.NewTicker(pollPause)
	defer poll.Stop()
	for {
		content, err := os.ReadFile(filepath.Join(s.dataDir(), "postmaster.pid"))
		if lines := strings.Split(string(content), "\n"); err == nil && len(lines) > statusLine &&
			strings.TrimSpace(lines[0]) == fmt.Sprint(p.pid) && strings.TrimSpace(lines[statusLine]) == "ready" {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("PostgreSQL ended at its start:\n%s", tail(s.logFile()))
		case <-ctx.Done():
			return fmt.Errorf("waiting for PostgreSQL to start: %w\n%s", context.Cause(ctx), tail(s.logFile()))
		case <-poll.C:
		}
	}
}

// tail is the end of a log, for error messages.
func tail(logFile string) string {
	content, err := os.ReadFile(logFile)
	if err != nil {
		return err.Error()
	}
	const enough = 2000
	if len(content) > enough {
		content = content[len(content)-enough:]
	}
	return string(content)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
