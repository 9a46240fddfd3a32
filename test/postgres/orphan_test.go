package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/test/kit/wait"
)

const orphanDir = "PGTEST_ORPHAN_DIR"

// TestAServerEndsWithTheProcessThatStartedIt is both halves: run again as a child, it
// starts a server and waits to be killed.
func TestAServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	if dir := os.Getenv(orphanDir); dir != "" {
		s, err := Start(t.Context(), Options{Dir: dir, Config: Relaxed()})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("pid=%d\n", s.running().PID())
		<-t.Context().Done()
	}
	dir, err := os.MkdirTemp("", "pgtest-orphan-") //nolint:usetesting // the server's user could not enter that one
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
	child.Env = append(os.Environ(), orphanDir+"="+dir)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for lines := bufio.NewScanner(output); pid == 0 && lines.Scan(); {
		if number, ok := strings.CutPrefix(lines.Text(), "pid="); ok {
			pid, err = strconv.Atoi(number)
		}
	}
	if killErr := child.Process.Kill(); killErr != nil {
		t.Fatal(killErr)
	}
	_ = child.Wait() // it was killed
	if pid == 0 || err != nil {
		t.Fatalf("the child started no server: %v", err)
	}
	err = wait.Until(t.Context(), 30*time.Second, "the server ends with its starter", func(context.Context) error {
		return wait.Unless(!alive(pid), "it runs on")
	})
	if err != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		t.Fatal(err)
	}
}

// alive is false for a process that is gone, or dead and not reaped by its new
// parent.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	text := string(stat)
	return !strings.HasPrefix(strings.TrimSpace(text[strings.LastIndexByte(text, ')')+1:]), "Z")
}
