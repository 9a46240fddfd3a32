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
	"time"

	"github.com/progress-sync/progress-sync/test/kit/program"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

const (
	// startPatience is how long a program may take until it answers.
	startPatience = 60 * time.Second
	// startPause is between two attempts to connect. It is short, and of one length,
	// because the time of a start is a figure.
	startPause = 2 * time.Millisecond
)

// Process is a running program under measurement.
type Process struct {
	*program.Process
	// Address of its API, host:port.
	Address string
}

// Start runs a command, its output appended to the log, and waits until it listens on
// its address.
func Start(ctx context.Context, log, address, name string, arguments ...string) (*Process, error) {
	process, err := program.Start(exec.Command(name, arguments...), log)
	if err != nil {
		return nil, err
	}
	return Await(ctx, process, address)
}

// Await waits until a process that was started listens on its address. It kills one
// that does not.
func Await(ctx context.Context, process *program.Process, address string) (*Process, error) {
	var dialer net.Dialer
	err := wait.Every(ctx, startPause, startPatience, "the program listens", func(ctx context.Context) error {
		if !process.Running() {
			return wait.Permanent(errors.Join(errors.New("it has ended"), process.Wait()))
		}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		process.Kill()
		return nil, fmt.Errorf("%w\n%s", err, process.Tail())
	}
	return &Process{process, address}, nil
}

// CPU is the time that the program has used, user and system.
func (p *Process) CPU() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
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
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
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
