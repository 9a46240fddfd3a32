package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// process is a running program that we started.
type process struct {
	pid  int
	done chan struct{} // closed when it has ended and was reaped
}

// attributes start a program as the account's user, out of reach of the
// terminal's Ctrl-C, and, if tied, ending it when its starter ends.
func (a serverAccount) attributes(tied bool) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
	if tied {
		attributes.Pdeathsig = syscall.SIGQUIT
	}
	return attributes
}

// startProcess runs a program of PostgreSQL's family, its output in a file.
func (a serverAccount) startProcess(dir, logFile string, tied bool, program string, args ...string) (*process, error) {
	output, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", filepath.Base(program), err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, serverEnvironment()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = a.attributes(tied)

	p := &process{done: make(chan struct{})}
	started := make(chan error, 1)
	go p.supervise(cmd, output, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(program), err)
	}
	return p, nil
}

// stop sends the signal and waits for the end.
func (p *process) stop(signal syscall.Signal) error {
	if err := syscall.Kill(p.pid, signal); err != nil && err != syscall.ESRCH {
		return err
	}
	<-p.done
	return nil
}

// supervise starts the program and reaps it. The kernel takes the end of the
// thread that started it for the end of the parent, so the thread is kept for
// as long as the program runs.
func (p *process) supervise(cmd *exec.Cmd, output *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	defer output.Close()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	// How it ended is in its log.
	_ = cmd.Wait()
}

// serverEnvironment keeps the caller's PG* variables and locale away.
func serverEnvironment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

// childrenOf lists the child processes of pid.
func childrenOf(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("listing the processes of PostgreSQL: %w", err)
	}
	var children []int
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // it ended meanwhile
		}
		// The program's name stands in parentheses and may hold blanks.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children, nil
}
