package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/test/kit/wait"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shell is a service that writes a file when it is ready.
func shell(t *testing.T, script string) *Service {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	s := &Service{
		Command: func() *exec.Cmd {
			_ = os.Remove(ready) // of the run before
			command := exec.Command("/bin/sh", "-c", script)
			command.Env = append(os.Environ(), "READY="+ready)
			return command
		},
		Log: filepath.Join(dir, "log"),
		Ready: func(context.Context) error {
			_, err := os.Stat(ready)
			return err
		},
	}
	t.Cleanup(s.Kill)
	return s
}

func TestAServiceIsStartedAgainAndKeepsItsLog(t *testing.T) {
	s := shell(t, `echo "run of $$"; : >"$READY"; exec sleep 1000`)
	var runs []string
	for range 2 {
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err) // it runs
		}
		runs = append(runs, fmt.Sprintf("run of %d\n", s.Process().PID()))
		s.Kill()
		if s.Process() != nil {
			t.Error("it runs after it was killed")
		}
	}
	if log := Tail(s.Log); log != runs[0]+runs[1] {
		t.Errorf("the log says %q, want %q", log, runs)
	}
}

func TestAServiceThatEndsAtItsStartSaysWhy(t *testing.T) {
	s := shell(t, `echo "no such database"; exit 3`)
	var exit *exec.ExitError
	if err := s.Start(t.Context()); !errors.As(err, &exit) || exit.ExitCode() != 3 || !strings.HasSuffix(err.Error(), "\nno such database\n") {
		t.Errorf("got %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("stopping what does not run: %v", err)
	}
	missing := &Service{Command: func() *exec.Cmd { return exec.Command("/nowhere/at/all") }, Log: s.Log}
	if err := missing.Start(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a program that is missing: %v", err)
	}
}

func TestAProcessThatIsStoppedTellsHowItEnded(t *testing.T) {
	s := shell(t, `trap 'echo drained; exit 7' TERM; : >"$READY"; while :; do sleep 0.01; done`)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := s.Stop(); !errors.As(err, &exit) || exit.ExitCode() != 7 || Tail(s.Log) != "drained\n" {
		t.Errorf("got %v; the log says %q", err, Tail(s.Log))
	}
}

func TestAProcessThatDoesNotStopIsKilledAndReported(t *testing.T) {
	s := shell(t, `trap '' TERM; echo stubborn; : >"$READY"; while :; do sleep 0.01; done`)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := s.Process()
	if err := p.Stop(syscall.SIGTERM, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "stubborn") {
		t.Errorf("got %v", err)
	}
	if p.Running() {
		t.Error("it runs on")
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("a signal for a process that has ended: %v", err)
	}
}

func TestKillingAProcessKillsItsChildren(t *testing.T) {
	s := shell(t, `sleep 1000 & echo $!; : >"$READY"; wait`)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(Tail(s.Log), &child); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	err := wait.Until(t.Context(), Patience, "the child ends", func(context.Context) error {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		return wait.Unless(err != nil || strings.Contains(string(state), ") Z "), string(state))
	})
	if err != nil {
		t.Error(err)
	}
}
