package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lms is pgbench at a fixed rate.
type lms struct {
	program, uri, dir string
	rate              float64
}

// answered is one transaction of the LMS.
type answered struct {
	at   time.Time // when it ended
	took time.Duration
}

// fill makes the tables.
func (l lms) fill(ctx context.Context) error {
	return l.run(ctx, "--initialize", "--quiet", "--scale=10")
}

// drive sends transactions for so long and returns them. A transaction's time counts
// from the moment at which it was due, so that a slow server can't hide its queue.
func (l lms) drive(ctx context.Context, lasting time.Duration) ([]answered, error) {
	prefix := filepath.Join(l.dir, "pgbench")
	if err := l.run(ctx, "--builtin=simple-update", "--no-vacuum", "--protocol=prepared", "--client=16", "--jobs=1", "--log",
		"--log-prefix="+prefix, fmt.Sprintf("--rate=%g", l.rate), fmt.Sprintf("--time=%d", int(lasting.Seconds()))); err != nil {
		return nil, err
	}
	logs, err := filepath.Glob(prefix + ".*")
	if err != nil {
		return nil, fmt.Errorf("looking for pgbench's log: %w", err)
	}
	var all []answered
	for _, log := range logs {
		some, err := read(log)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		_ = os.Remove(log)
	}
	return all, nil
}

func (l lms) run(ctx context.Context, arguments ...string) error {
	output, err := exec.CommandContext(ctx, l.program, append(arguments, l.uri)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("running pgbench: %w\n%s", err, output)
	}
	return nil
}

// read reads a log: client, transaction, time in microseconds, script, and when it
// ended, in seconds and microseconds (PostgreSQL documentation, pgbench).
func read(log string) ([]answered, error) {
	file, err := os.Open(log)
	if err != nil {
		return nil, fmt.Errorf("reading pgbench's log: %w", err)
	}
	defer file.Close()
	var all []answered
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 {
			continue
		}
		var numbers [3]int64
		for i, at := range []int{2, 4, 5} {
			if numbers[i], err = strconv.ParseInt(fields[at], 10, 64); err != nil {
				return nil, fmt.Errorf("reading pgbench's log: %w", err)
			}
		}
		all = append(all, answered{time.Unix(numbers[1], numbers[2]*1000), time.Duration(numbers[0]) * time.Microsecond})
	}
	return all, lines.Err()
}

// p99 of the transactions that were due within a time.
func p99(all []answered, from, until time.Time) time.Duration {
	var took []time.Duration
	for _, a := range all {
		if due := a.at.Add(-a.took); !due.Before(from) && due.Before(until) {
			took = append(took, a.took)
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}
