package disk

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/progress-sync/progress-sync/test/kit"
)

// TestRoomIsMadeWhereTheFileSystemCannot would show a spool that doesn't start on
// NFS or FUSE, or because a signal came.
func TestRoomIsMadeWhereTheFileSystemCannot(t *testing.T) {
	const size = 3 << 20
	for _, refusal := range []error{syscall.EOPNOTSUPP, syscall.ENOSYS} {
		f, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = allocateBy(func() error {
			if calls++; calls < 3 {
				return syscall.EINTR
			}
			return refusal
		}, f, size)
		content, readError := os.ReadFile(f.Name())
		if err := errors.Join(err, readError, f.Close()); err != nil || calls != 3 {
			t.Errorf("%v after %d calls, for %v", err, calls, refusal)
		}
		if !bytes.Equal(content, make([]byte, size)) {
			t.Errorf("%d bytes, or not zeros, after %v", len(content), refusal)
		}
	}
}

func TestNoRoomIsNoReasonToFill(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := allocateBy(func() error { return syscall.ENOSPC }, f, 1<<20); !IsFull(err) {
		t.Errorf("error %v", err)
	}
	if info, err := f.Stat(); err != nil || info.Size() > 0 {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}

// blocks is what a file takes on the disk, in bytes.
func blocks(t *testing.T, path string) int64 {
	t.Helper()
	var s syscall.Stat_t
	if err := syscall.Stat(path, &s); err != nil {
		t.Fatal(err)
	}
	return s.Blocks * 512
}

func TestAFileHasItsRoomFromTheBeginningAndGivesBackWhatItDoesNotNeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := OS{}.Create(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if used := blocks(t, path); used < 1<<20 {
		t.Errorf("it takes %d bytes", used)
	}
	if err := errors.Join(f.Truncate(100), f.Close()); err != nil {
		t.Fatal(err)
	}
	if used := blocks(t, path); used > 64<<10 {
		t.Errorf("it takes %d bytes still", used)
	}
}

// TestASyncReachesTheFile would show a sync that does nothing: it can't fail either.
func TestASyncReachesTheFile(t *testing.T) {
	dir := t.TempDir()
	f, err := OS{}.Create(filepath.Join(dir, "log"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Begin(0, 100), (OS{}).SyncDir(dir), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err == nil {
		t.Error("a closed file was synced")
	}
	if err := f.Begin(0, 100); err == nil {
		t.Error("a closed file began to be written")
	}
	if err := (OS{}).SyncDir(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that isn't there was synced: %v", err)
	}
}

const syncVariable = "PROGRESS_SYNC_TEST_SYNC"

// TestSyncsOnce is the other process of the next test.
func TestSyncsOnce(t *testing.T) {
	const dir = "."
	if os.Getenv(syncVariable) == "" {
		t.Skip("it has no parent that wants to see syncs")
	}
	f, err := OS{}.Create(filepath.Join(dir, "log"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close(), (OS{}).SyncDir(dir), (OS{}).MkdirAll(filepath.Join(dir, "a", "b"))); err != nil {
		t.Fatal(err)
	}
}

// TestASyncReachesTheSystem counts calls: what reaches the disk shows only when the
// power is lost.
func TestASyncReachesTheSystem(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		kit.Lacks(t, "it takes strace to see calls of the system")
	}
	calls := filepath.Join(t.TempDir(), "calls")
	other := exec.Command(strace, "-f", "-o", calls, "-e", "trace=fsync,fdatasync", os.Args[0], "-test.run=^TestSyncsOnce$")
	other.Env, other.Dir = append(os.Environ(), syncVariable+"=1"), t.TempDir()
	if out, err := other.CombinedOutput(); err != nil {
		kit.Lacks(t, "strace doesn't run here: %v, %s", err, out)
	}
	text, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	// The directory, and the two that got a name when directories were made.
	files, names := strings.Count(string(text), " fdatasync("), strings.Count(string(text), " fsync(")
	if files != 1 || names != 3 {
		t.Errorf("%d files and %d directories were synced", files, names)
	}
}

const lockVariable = "PROGRESS_SYNC_TEST_LOCK"

// TestHoldsALock is the other process of the next test.
func TestHoldsALock(t *testing.T) {
	if os.Getenv(lockVariable) == "" {
		t.Skip("it has no parent that wants the lock held")
	}
	if _, err := (OS{}).Lock("LOCK"); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("held\n")
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
}

// TestALockIsAnotherProcessesUntilThatEnds would show two sidecars that write to one
// spool, or one that can't start after kill -9.
func TestALockIsAnotherProcessesUntilThatEnds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "LOCK")
	other := exec.Command(os.Args[0], "-test.run=^TestHoldsALock$")
	other.Env, other.Dir = append(os.Environ(), lockVariable+"=1"), filepath.Dir(name)
	stdin, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, locked := (OS{}).Lock(name)
	if err := errors.Join(err, other.Process.Kill()); err != nil || line != "held\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	_ = other.Wait() // it was killed
	if locked == nil || !strings.Contains(locked.Error(), "another process uses it") {
		t.Errorf("while another process has the lock: %v", locked)
	}
	lock, err := OS{}.Lock(name)
	if err != nil {
		t.Fatalf("after the other process was killed: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFileSystemWithoutLocksIsNamedAsTheCause(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOLCK, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EINVAL} {
		if err := explainLock(errno); !errors.Is(err, errno) || !strings.Contains(err.Error(), "use another volume") {
			t.Errorf("%d is explained as %q", errno, err)
		}
	}
	if err := explainLock(syscall.EIO); !errors.Is(err, syscall.EIO) || strings.Contains(err.Error(), "volume") {
		t.Errorf("an input/output error is explained as %q", err)
	}
}
