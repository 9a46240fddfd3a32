package program

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// Service is a program that is ready at some time after its start, and that can be
// started again once it has ended. It may be used by several goroutines.
type Service struct {
	// Command is what to run; it is called for each start.
	Command func() *exec.Cmd
	// Log is the file that all runs append to.
	Log string
	// Ready returns nil, or why the program is not ready yet.
	Ready func(context.Context) error

	mu      sync.Mutex
	process *Process // the last one
}

// Patience bounds a start and an end.
const Patience = time.Minute

// Start returns when the program is ready. If it runs already, it does nothing.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running() != nil {
		return nil
	}
	process, err := Start(s.Command(), s.Log)
	if err != nil {
		return err
	}
	s.process = process
	err = wait.Until(ctx, Patience, process.name+" is ready", func(ctx context.Context) error {
		if !process.Running() {
			return wait.Permanent(fmt.Errorf("it has ended: %w", cause(process.err)))
		}
		return s.Ready(ctx)
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, process.Tail())
	}
	return nil
}

// cause is how a process ended that should not have.
func cause(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// Process is the run under way, or nil.
func (s *Service) Process() *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running()
}

func (s *Service) running() *Process {
	if s.process == nil || !s.process.Running() {
		return nil
	}
	return s.process
}

// Stop is Process.Stop with SIGTERM; on a program that does not run it does
// nothing.
func (s *Service) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if process := s.running(); process != nil {
		return process.Stop(syscall.SIGTERM, Patience)
	}
	return nil
}

// Kill is Process.Kill; on a program that does not run it does nothing.
func (s *Service) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if process := s.running(); process != nil {
		process.Kill()
	}
}

// Answers is Ready for a program that is ready once it answers a GET of the
// address, whatever the answer; with a status, only once it is that.
func Answers(address string, status ...int) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return wait.Permanent(err)
		}
		request.Close = true // a connection must not outlive the program
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close() // the status is all that counts
		for _, want := range status {
			if response.StatusCode != want {
				return fmt.Errorf("%s: %s", address, response.Status)
			}
		}
		return nil
	}
}
