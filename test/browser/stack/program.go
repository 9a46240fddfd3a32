package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	startPatience = 30 * time.Second
	endPatience   = 30 * time.Second
)

// program is one that can be ended and started again, with the same arguments.
type program struct {
	path, dir string
	arguments []string
	env       []string
	logFile   string
	// alive answers with 200 when the program is ready.
	alive string

	mu      sync.Mutex
	process *os.Process
	ended   chan struct{}
}

// start returns when the program is ready. On a running one it does nothing.
func (p *program) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return nil
	}
	log, err := os.OpenFile(p.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening a log: %w", err)
	}
	command := exec.Command(p.path, p.arguments...)
	command.Dir = p.dir
	command.Env = append(os.Environ(), p.env...)
	command.Stdout, command.Stderr = log, log
	// Ctrl-C is for the stack, which ends its programs in its way.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.ended = make(chan struct{})
	started := make(chan error, 1)
	go supervise(command, log, started, p.ended)
	if err := <-started; err != nil {
		return fmt.Errorf("starting %s: %w", filepath.Base(p.path), err)
	}
	p.process = command.Process
	return p.await(ctx)
}

// supervise keeps the thread that started the program, since the kernel takes
// its end for the end of the parent.
func supervise(command *exec.Cmd, log *os.File, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	defer log.Close()
	err := command.Start()
	started <- err
	if err == nil {
		_ = command.Wait() // how it ended is in its log
	}
}

func (p *program) running() bool {
	if p.process == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *program) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.alive, http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close() // the status is all that counts
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at its start:\n%s", filepath.Base(p.path), p.tail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s at %s: %w\n%s", filepath.Base(p.path), p.alive, ctx.Err(), p.tail())
		case <-poll.C:
		}
	}
}

// end sends the signal and waits for the end; a program that does not mind the
// signal is killed. On one that does not run it does nothing.
func (p *program) end(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running() {
		return nil
	}
	if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", filepath.Base(p.path), err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(endPatience):
	}
	_ = p.process.Kill() // it may have ended just now
	<-p.ended
	return fmt.Errorf("%s had to be killed:\n%s", filepath.Base(p.path), p.tail())
}

// tail is the end of the log, for error messages.
func (p *program) tail() string {
	content, err := os.ReadFile(p.logFile)
	if err != nil {
		return err.Error()
	}
	const enough = 3000
	if len(content) > enough {
		content = content[len(content)-enough:]
	}
	return string(content)
}
