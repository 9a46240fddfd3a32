package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/port"
	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/wait"
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

const startPatience = 60 * time.Second

// StartAgain starts a stopped server on the same data and the same port, and
// returns when it accepts connections. On a running server it does nothing.
func (s *Server) StartAgain(ctx context.Context) error {
	if s.running() != nil {
		return nil
	}
	if s.port == 0 {
		free, err := port.Free()
		if err != nil {
			return err
		}
		s.port = free
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
	if err := stop(p, mode.signal()); err != nil {
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
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("freezing PostgreSQL: %w", err)
	}
	frozen := []int{p.PID()}
	children, err := childrenOf(p.PID())
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
func (s *Server) running() *program.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil && !s.process.Running() {
		s.process = nil
	}
	return s.process
}

// waitReady waits for the line that the server adds to its pid file once it
// accepts connections; pg_ctl does the same.
func (s *Server) waitReady(ctx context.Context, p *program.Process) error {
	const statusLine = 7
	return waitStarted(ctx, p, "PostgreSQL", func(context.Context) error {
		content, err := os.ReadFile(filepath.Join(s.dataDir(), "postmaster.pid"))
		if err != nil {
			return err
		}
		lines := strings.Split(string(content), "\n")
		ready := len(lines) > statusLine && strings.TrimSpace(lines[0]) == fmt.Sprint(p.PID()) && strings.TrimSpace(lines[statusLine]) == "ready"
		return wait.Unless(ready, "postmaster.pid does not say so")
	})
}

// waitStarted waits until a program accepts connections.
func waitStarted(ctx context.Context, p *program.Process, name string, accepts func(context.Context) error) error {
	err := wait.Until(ctx, startPatience, "starting "+name, func(ctx context.Context) error {
		if !p.Running() {
			return wait.Permanent(errors.New("it ended"))
		}
		return accepts(ctx)
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.Tail())
	}
	return nil
}
