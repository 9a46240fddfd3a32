package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Process is one run of a program.
type Process struct {
	name, log string
	group     bool // it leads a process group
	process   *os.Process
	ended     chan struct{}
	err       error // of the end, once ended is closed
}

// Start runs a command and appends its output to a log file. Unless the command
// has attributes of its own, the process is out of reach of the terminal's Ctrl-C,
// which is for the starter, and is killed when the starter ends.
func Start(command *exec.Cmd, log string) (*Process, error) {
	name := filepath.Base(command.Path)
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	command.Stdout, command.Stderr = output, output
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	}
	p := &Process{name: name, log: log, group: command.SysProcAttr.Setpgid, ended: make(chan struct{})}
	started := make(chan error, 1)
	go p.supervise(command, output, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// supervise starts the program and reaps it. The kernel takes the end of the
// thread that started it for the end of the parent, so the thread is kept for as
// long as the program runs.
func (p *Process) supervise(command *exec.Cmd, output *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	defer output.Close()
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	p.process = command.Process
	started <- nil
	p.err = command.Wait()
}

// PID is the process's number.
func (p *Process) PID() int { return p.process.Pid }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Wait waits for the end and returns what exec.Cmd.Wait does.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// Signal sends a signal, unless the process has ended.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s to %s: %w", signal, p.name, err)
	}
	return nil
}

// Stop sends a signal and returns how the process ended, as Wait does. One that
// does not end within the patience is killed, which is an error with its last
// words.
func (p *Process) Stop(signal syscall.Signal, patience time.Duration) error {
	if err := p.Signal(signal); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
		return p.err
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%s did not end within %s of %s:\n%s", p.name, patience, signal, p.Tail())
	}
}

// Kill ends the process, and its children if it leads a group, with SIGKILL, and
// returns when it has ended.
func (p *Process) Kill() {
	if p.group && p.Running() {
		_ = syscall.Kill(-p.process.Pid, syscall.SIGKILL) // it may end just then
	}
	_ = p.process.Kill() // it may have ended
	<-p.ended
}

// Tail is the end of the log, for messages.
func (p *Process) Tail() string { return Tail(p.log) }

// Tail is the end of a log, or why it can't be read, for messages.
func Tail(log string) string {
	content, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	const enough = 3000
	return string(content[max(0, len(content)-enough):])
}
