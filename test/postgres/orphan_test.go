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
		fmt.Printf("pid=%d\n", s.running().pid)
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
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	poll := time.NewTicker(pollPause)
	defer poll.Stop()
	for alive(pid) {
		select {
		case <-ctx.Done():
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatal("the server outlived its starter by 30 s")
		case <-poll.C:
		}
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
