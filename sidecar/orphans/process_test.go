package orphans

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/test/kit/wait"
)

// Locks are between processes, so the tests start themselves again in a role.
const (
	roleVariable = "ORPHANS_TEST_ROLE"
	rootVariable = "ORPHANS_TEST_DIR"
	uriVariable  = "ORPHANS_TEST_URI"
)

type process struct{ *exec.Cmd }

// start runs this test binary in a role and returns when it says that it is
// ready.
func start(t *testing.T, role, dir, argument string) *process {
	t.Helper()
	p := &process{exec.Command(os.Args[0])}
	p.Env = append(os.Environ(), roleVariable+"="+role, rootVariable+"="+dir, uriVariable+"="+argument)
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}
	return p
}

// accept starts a process that has accepted an update of so many learners.
func accept(t *testing.T, spool string, learners int) *process {
	t.Helper()
	return start(t, "accept", spool, fmt.Sprint(learners))
}

func kill(t *testing.T, p *process) {
	t.Helper()
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // it was killed
}

func playRole() {
	dir, argument := os.Getenv(rootVariable), os.Getenv(uriVariable)
	var err error
	switch os.Getenv(roleVariable) {
	case "accept":
		err = playSidecar(dir, argument)
	case "drain":
		err = playDrainer(dir, argument)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func playSidecar(dir, argument string) error {
	var learners int
	if _, err := fmt.Sscan(argument, &learners); err != nil {
		return err
	}
	b, err := buffer.Open(buffer.Options{Dir: dir, Policy: keeping})
	if err != nil {
		return err
	}
	if _, err := b.Put(context.Background(), updates(learners)); err != nil {
		return err
	}
	fmt.Println("ready")
	<-b.Failed()
	return b.Fault()
}

// playDrainer drains until the root is empty.
func playDrainer(root, uri string) error {
	fmt.Println("ready")
	d, _, end := newDrainer(root, uri, time.Minute)
	defer end()
	return wait.Until(context.Background(), time.Minute, "the root is empty", func(ctx context.Context) error {
		d.pass(ctx, time.Now())
		entries, err := os.ReadDir(root)
		if err != nil {
			return wait.Permanent(err)
		}
		return wait.Unless(len(entries) == 0, entries)
	})
}
