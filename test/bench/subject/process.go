package subject

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startPatience is how long a program may take until it answers.
const startPatience = 60 * time.Second

// Process is a running program under measurement.
type Process struct {
	// Address of its API, host:port.
	Address string
	cmd     *exec.Cmd
	ended   chan error
}

// Start runs a command, its output appended to the named file, and waits until
// it listens on its address.
func Start(ctx context.Context, logFile, address, name string, arguments ...string) (*Process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(name, arguments...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &Process{Address: address, cmd: cmd, ended: make(chan error, 1)}
	go func() { p.ended <- cmd.Wait() }()
	if err := p.waitListening(ctx); err != nil {
		p.Kill()
		return nil, fmt.Errorf("waiting for %s (its log is %s): %w", name, logFile, err)
	}
	return p, nil
}

func (p *Process) waitListening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	var dialer net.Dialer
	for {
		if conn, err := dialer.DialContext(ctx, "tcp", p.Address); err == nil {
			return conn.Close()
		}
		select {
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("it ended: %w", errors.Join(err, errors.New("see its log")))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Kill ends the program at once (SIGKILL) and waits for it. It may have ended
// already.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	p.ended <- <-p.ended
}

// CPU is the time that the program has used, user and system.
func (p *Process) CPU() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	const utime, stime, ticksPerSecond = 11, 12, 100
	if len(fields) <= stime {
		return 0, errors.New("reading the CPU time: /proc/PID/stat is too short")
	}
	var ticks int64
	for _, i := range []int{utime, stime} {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// Memory is the program's resident memory in bytes.
func (p *Process) Memory() (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the resident memory: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading the resident memory: %w", err)
			}
			return kib << 10, nil
		}
	}
	return 0, errors.New("reading the resident memory: no VmRSS")
}
