package sidecar

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/progress-sync/progress-sync/sidecar/status"
	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
	"github.com/progress-sync/progress-sync/test/truth"
)

// nobody is a database that doesn't answer.
const nobody = "postgres://nobody@127.0.0.1:1/none?sslmode=disable"

// small is fast on a volume of 64 MiB, of which a quarter is to stay free.
const small = `{"sync":{"interval":"1s","batchSize":10},"retry":{"initialDelay":"100ms","maxDelay":"500ms"},"buffer":{"sizeLimitBytes":67108864}}`

const smallSize = "size=64m"

// memoryVolume mounts a small file system in memory.
func memoryVolume(t *testing.T, options string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "volume")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options)
	if errors.Is(err, syscall.EPERM) {
		kit.Lacks(t, "mounting a small file system takes root")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

func unmount(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
		t.Error(err)
	}
}

// fillUp leaves a volume no byte.
func fillUp(t *testing.T, volume string) (filler string) {
	t.Helper()
	filler = filepath.Join(volume, "filler")
	file, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	block := make([]byte, 1<<16)
	for len(block) > 0 {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return filler
}

// takeNames leaves a volume no file that could be made.
func takeNames(t *testing.T, volume string) (folder string) {
	t.Helper()
	folder = filepath.Join(volume, "names")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		file, err := os.Create(filepath.Join(folder, fmt.Sprint(n)))
		if errors.Is(err, syscall.ENOSPC) {
			return folder
		}
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledOnAVolumeWithoutAnyRoomItStartsAndLosesNothing would show a full volume
// that only an administrator can bring back: what was accepted must be read, served
// and written to Postgres from it as it is.
func TestKilledOnAVolumeWithoutAnyRoomItStartsAndLosesNothing(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, string) string{"bytes": fillUp, "files": takeNames} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			volume := memoryVolume(t, smallSize+",nr_inodes=200")
			uri := pgtest.Database(t)
			p := newProcessWith(t, sidecar.Options{URI: nobody, Configuration: small, Spool: filepath.Join(volume, "spool")})
			p.start(t)
			l := startLoad(t, p, rand.Uint64())
			l.full.Store(true)
			l.awaitAcknowledged(t, 300)
			filler := fill(t, volume)
			if name == "files" { // or else it refuses updates from here on
				l.awaitAcknowledged(t, 100)
			} else {
				p.await(t, "it to refuse updates", func(d status.Document) bool { return !d.Accepting })
			}
			for range 3 {
				p.Kill()
				p.start(t)
			}
			l.finish(t)
			code, answer := p.do(t, "GET", "/v1/progress?userId=learner+0&courseId=course", "")
			if code != 200 || !strings.Contains(answer, "lesson") {
				t.Errorf("it serves %d %s", code, answer)
			}
			if log := p.log(t); strings.Contains(log, "panic") {
				t.Error("it panicked")
			}
			p.setURI(t, uri)
			saved(t, p)
			l.verify(t, uri)
			if err := os.RemoveAll(filler); err != nil {
				t.Fatal(err)
			}
			p.await(t, "it to accept updates", func(d status.Document) bool { return d.Accepting })
			p.post(t, update)
		})
	}
}

// TestOnAVolumeWithoutRoomANewSpoolSaysSo is about the first start of all.
func TestOnAVolumeWithoutRoomANewSpoolSaysSo(t *testing.T) {
	t.Parallel()
	volume := memoryVolume(t, "size=1m")
	filler := fillUp(t, volume)
	p := newProcessWith(t, sidecar.Options{Configuration: small, Spool: filepath.Join(volume, "spool")})
	err := p.Start(t.Context())
	if err == nil {
		t.Fatal("it started")
	}
	if words, err := p.LastWords(); err != nil || !strings.Contains(words, "the spool's disk is full") && !strings.Contains(words, "no space left") {
		t.Errorf("it says %q, %v", words, err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", volume, "", syscall.MS_REMOUNT, smallSize); err != nil {
		t.Fatal(err)
	}
	p.start(t)
	p.post(t, update)
}

// TestOnAVolumeThatBecameReadOnlyItAcknowledgesNothingAndSaysWhy is about what a
// node does after an error of its disk.
func TestOnAVolumeThatBecameReadOnlyItAcknowledgesNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	volume := memoryVolume(t, smallSize)
	uri := pgtest.Database(t)
	p := newProcessWith(t, sidecar.Options{URI: nobody, Configuration: small, Spool: filepath.Join(volume, "spool")})
	p.start(t)
	l := startLoad(t, p, rand.Uint64())
	l.awaitAcknowledged(t, 200)
	p.Kill()
	l.finish(t)
	if err := syscall.Mount("", volume, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, smallSize); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err == nil {
		t.Error("it started")
	}
	if words, err := p.LastWords(); err != nil || !strings.Contains(words, "read-only file system") {
		t.Errorf("it says %q, %v", words, err)
	}
	if err := syscall.Mount("", volume, "", syscall.MS_REMOUNT, smallSize); err != nil {
		t.Fatal(err)
	}
	p.setURI(t, uri)
	p.start(t)
	saved(t, p)
	l.verify(t, uri)
}

// TestTwoSidecarsDoNotShareASpool is about two pods with one claim on one node.
func TestTwoSidecarsDoNotShareASpool(t *testing.T) {
	t.Parallel()
	first := newProcess(t, "", fast)
	first.start(t)
	second := newProcessWith(t, sidecar.Options{Configuration: fast, Spool: first.Spool()})
	if err := second.Start(t.Context()); err == nil {
		t.Error("the second one started")
	}
	if words, err := second.LastWords(); err != nil || !strings.Contains(words, "another process uses it") {
		t.Errorf("it says %q, %v", words, err)
	}
	first.post(t, update)
	first.Kill()
	second.start(t)
}

// TestKilledAtEachCallOfTheSystemNothingIsLost kills the sidecar as it is about to
// make the n-th call of a kind, as its start and its checkpoint make them.
func TestKilledAtEachCallOfTheSystemNothingIsLost(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		kit.Lacks(t, "it takes strace to kill a process at a call of the system")
	}
	uri := pgtest.Database(t)
	p := newProcess(t, uri, fast)
	p.start(t)
	l := startLoad(t, p, rand.Uint64())
	l.awaitAcknowledged(t, 100)
	p.Kill()
	killed := 0
	for call, counts := range map[string][]int{
		"fallocate": {1, 2, 3}, "pwrite64": {1, 2, 3, 4, 5, 9, 40}, "fdatasync": {1, 2, 3, 4, 5, 6, 8, 20},
		"fsync": {1, 2, 3, 4}, "renameat,renameat2": {1, 2, 3}, "unlinkat": {1, 2, 3, 4}, "ftruncate": {1, 2},
	} {
		for _, count := range counts {
			process, err := p.Launch(strace, "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call,
				"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, count))
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-process.Ended():
				killed++
			case <-time.After(3 * time.Second): // a checkpoint is made within one
				process.Kill()
				t.Logf("%s came less than %d times", call, count)
			}
		}
	}
	if killed < 15 {
		t.Errorf("it was killed at %d calls only", killed)
	}
	p.start(t)
	l.awaitAcknowledged(t, 1)
	l.finish(t)
	saved(t, p)
	l.verify(t, uri)
}

// TestAFullVolumeWithMoreThanItsLogHasRoomForWaits is about a disk that others have
// filled: what waits can't all be made into batches then, which the sidecar must say
// if it ends, and it must be there when there is room again.
func TestAFullVolumeWithMoreThanItsLogHasRoomForWaits(t *testing.T) {
	t.Parallel()
	const learners, lessons = 60, 500
	volume := memoryVolume(t, smallSize)
	uri := pgtest.Database(t)
	p := newProcessWith(t, sidecar.Options{URI: nobody, Configuration: small, Spool: filepath.Join(volume, "spool")})
	p.start(t)
	for learner := range learners {
		var body strings.Builder
		for lesson := range lessons {
			fmt.Fprintf(&body, `%s{"userId":"learner %d","courseId":"course","lessonId":"lesson %d","moduleId":"%0200d","currentTime":1}`,
				[]string{"[", ","}[min(lesson, 1)], learner, lesson, lesson)
		}
		p.post(t, body.String()+"]")
	}
	filler := fillUp(t, volume)
	p.Kill()
	p.start(t)
	code, answer := p.do(t, "GET", "/v1/progress?userId=learner+7&courseId=course", "")
	if code != 200 || !strings.Contains(answer, "lesson 499") {
		t.Errorf("it serves %d %s", code, answer)
	}
	p.setURI(t, uri)
	select {
	case <-p.Process().Ended():
		if words, err := p.LastWords(); err != nil || !strings.Contains(words, "the spool's disk is full") {
			t.Errorf("it ended and says %q, %v", words, err)
		}
	case <-time.After(5 * time.Second): // a few intervals
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	p.start(t)
	saved(t, p)
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := truth.ReadRows(t.Context(), conn, truth.OwnTable)
	if err != nil || len(rows) != learners*lessons {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
