package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/progress-sync/progress-sync/test/kit/program"
)

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
func (a serverAccount) startProcess(dir, logFile string, tied bool, name string, args ...string) (*program.Process, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, serverEnvironment()
	cmd.SysProcAttr = a.attributes(tied)
	return program.Start(cmd, logFile)
}

// stop sends the signal and waits for the end; how it ended is in its log.
func stop(p *program.Process, signal syscall.Signal) error {
	if err := p.Signal(signal); err != nil {
		return err
	}
	<-p.Ended()
	return nil
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
