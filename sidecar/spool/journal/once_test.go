package journal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// once makes the disk fail at one step, the n-th that changes it, and at no other.
type once struct {
	n, fails int
	err      error
	failed   disktest.Op
}

func (o *once) before(op disktest.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	if o.n++; o.n != o.fails {
		return nil
	}
	o.failed = op
	return o.err
}

// goOn changes and makes checkpoints, as its caller would go on: what finds no room
// is tried again, and after a final error a next process starts.
func (w *writer) goOn(t *testing.T, d *disktest.Disk) error {
	restarted := false
	try := func(call func() error) error {
		for range 3 {
			err := call()
			switch {
			case err == nil:
				return nil
			case errors.Is(err, ErrNoSpace):
				continue
			case !errors.Is(err, ErrFailed) || restarted:
				return err
			}
			restarted = true
			refusesAll(t, w)
			if err := w.restart(d); err != nil {
				return err
			}
		}
		return errors.New("it finds no room again and again")
	}
	if err := try(func() error { return w.restart(d) }); err != nil {
		return err
	}
	for i := range 40 {
		if err := try(func() error { return w.append(i%3 != 0) }); err != nil {
			return err
		}
		if i%15 != 14 {
			continue
		}
		if err := try(func() error { return w.checkpoint(t.Context()) }); err != nil {
			return err
		}
	}
	return try(func() error { return w.j.Sync() })
}

// restart opens what there is and checks it.
func (w *writer) restart(d *disktest.Disk) error {
	if err := open1(d, w); err != nil {
		return err
	}
	n := w.state[counter]
	if n < w.acked || n > w.appended+1 {
		return fmt.Errorf("%d changes found, %d acknowledged, %d appended", n, w.acked, w.appended)
	}
	w.appended, w.acked = n, n
	return nil
}

// TestADiskThatFailsOnceLosesNothing is about an error that passes: whoever goes on
// behind a frame that was written in half, or repeats a sync, loses what was
// acknowledged later.
func TestADiskThatFailsOnceLosesNothing(t *testing.T) {
	for name, failure := range map[string]error{
		"full": &syscallError{syscall.ENOSPC}, "over its quota": &syscallError{syscall.EDQUOT},
		"broken": errBroken, "read-only": &syscallError{syscall.EROFS},
	} {
		t.Run(name, func(t *testing.T) {
			for fails := 1; ; fails++ {
				d := disktest.New()
				o := &once{fails: fails, err: failure}
				d.Before(o.before)
				var w writer
				err := w.goOn(t, d)
				if o.failed.Kind == "" {
					if err != nil || fails < 100 {
						t.Fatalf("%d steps, error %v", o.n, err)
					}
					return
				}
				at := fmt.Sprintf("step %d, %s %s", fails, o.failed.Kind, o.failed.Name)
				if w.j == nil || err != nil && errors.Is(err, failure) {
					// It was being opened, and says why it can't be.
					if w.j != nil && w.acked > 0 {
						t.Errorf("%s: %v", at, err)
					}
					mustHold(t, d.Killed(), w.acked, w.appended+1)
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", at, err)
				}
				w.acked = w.appended
				mustHold(t, d.Killed(), w.acked, w.appended)
				mustHold(t, d.Crashed(0, nil), w.acked, w.appended)
				if t.Failed() {
					t.Fatal(at)
				}
			}
		})
	}
}

// syscallError is an error as the operating system's file system returns it.
type syscallError struct{ errno syscall.Errno }

func (e *syscallError) Error() string { return "write spool/log: " + e.errno.Error() }
func (e *syscallError) Unwrap() error { return e.errno }

// TestACheckpointThatFindsTheDiskFullIsNotTheEnd is about file systems that say only
// late that they are full: the process would end, start, and find the same again and
// again, while the log could go on.
func TestACheckpointThatFindsTheDiskFullIsNotTheEnd(t *testing.T) {
	for _, kind := range []disktest.Kind{disktest.Create, disktest.Write, disktest.Begin, disktest.Sync} {
		t.Run(string(kind), func(t *testing.T) {
			d := disktest.New()
			var w writer
			if err := open1(d, &w); err != nil {
				t.Fatal(err)
			}
			if err := w.append(true); err != nil {
				t.Fatal(err)
			}
			full := true
			d.Before(func(op disktest.Op) error {
				if full && op.Kind == kind && strings.HasPrefix(op.Name, dir+"/"+checkpointPrefix) {
					return &syscallError{syscall.ENOSPC}
				}
				return nil
			})
			large := func(add func([]byte) error) error {
				for range 2 * checkpointStep / checkpointFrame {
					if err := add(make([]byte, checkpointFrame)); err != nil {
						return err
					}
				}
				return add(put(w.state))
			}
			before := w.j.Size()
			for range 3 {
				if err := w.j.Checkpoint(t.Context(), large); !errors.Is(err, ErrNoSpace) || w.j.Fault() != nil {
					t.Fatalf("error %v, fault %v", err, w.j.Fault())
				}
				if err := w.append(true); err != nil {
					t.Fatalf("a change afterwards: %v", err)
				}
			}
			if now := w.j.Size(); now > before+smallSegment {
				t.Errorf("it takes %d bytes, and took %d", now, before)
			}
			mustHold(t, d.Killed(), w.acked, w.appended)
			full = false
			if err := w.checkpoint(t.Context()); err != nil {
				t.Error(err)
			}
			mustHold(t, d.Killed(), w.acked, w.appended)
		})
	}
}

// TestCheckpointsThatFailLeaveTheDiskItsRoom would show that each try takes a segment
// that is nearly empty, until the room is gone that the next one needs.
func TestCheckpointsThatFailLeaveTheDiskItsRoom(t *testing.T) {
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	const room = 20 * smallSegment
	d.Limit(room)
	try := func(size int) error {
		return w.j.Checkpoint(t.Context(), func(add func([]byte) error) error {
			if err := add(make([]byte, size)); err != nil {
				return err
			}
			return add(put(w.state))
		})
	}
	for range 10 {
		if err := w.append(true); err != nil {
			t.Fatal(err)
		}
		if err := try(room); !errors.Is(err, ErrNoSpace) {
			t.Fatalf("error %v", err)
		}
	}
	if free, _ := d.FreeBytes(dir); free < room/2 {
		t.Errorf("%d bytes of %d are free", free, room)
	}
	if err := try(room / 4); err != nil {
		t.Errorf("a smaller checkpoint: %v", err)
	}
	mustHold(t, unlimited(d.Killed()), w.acked, w.appended)
}

// TestWhatCannotBeReadIsNoEnd is about a file that cannot be read at this moment, for
// its permissions or a fault of the disk: it must not pass for one that ends.
func TestWhatCannotBeReadIsNoEnd(t *testing.T) {
	for _, failure := range []error{errBroken, syscall.EACCES, syscall.EROFS, syscall.ENOLCK, syscall.ENOSPC} {
		steps := 0
		for fails := 1; ; fails++ {
			d := written(t)
			before := d.Contents()
			n := 0
			var failed disktest.Op
			d.Before(func(op disktest.Op) error {
				if op.Kind.Changes() {
					return nil
				}
				if n++; n != fails {
					return nil
				}
				failed = op
				return failure
			})
			err := open1(d, &writer{})
			d.Before(nil)
			if failed.Kind == "" {
				break
			}
			steps++
			if !errors.Is(err, failure) {
				t.Fatalf("%s %s failed with %v, and Open with %v", failed.Kind, failed.Name, failure, err)
			}
			if _, damage := errors.AsType[*DamageError](err); damage {
				t.Errorf("%s %s failed with %v, and is called damaged: %v", failed.Kind, failed.Name, failure, err)
			}
			for path, content := range before {
				if !bytes.Equal(d.Contents()[path], content) {
					t.Errorf("%s %s failed, and %s is not what it was", failed.Kind, failed.Name, path)
				}
			}
			mustHold(t, d, 60, 60)
		}
		if steps < 10 {
			t.Errorf("only %d steps", steps)
		}
	}
}

// TestAReadThatFailsInTheMiddleIsNoEnd is the same for a segment that is read in
// several steps.
func TestAReadThatFailsInTheMiddleIsNoEnd(t *testing.T) {
	const changes, size = 8, 400 << 10
	d := disktest.New()
	open := func(d *disktest.Disk) (found int, err error) {
		j, err := Open(Options{Dir: dir, FS: d}, func([]byte) error { found++; return nil })
		if err != nil {
			return 0, err
		}
		for range changes - found {
			if _, err := j.Append(make([]byte, size)); err != nil {
				return 0, err
			}
			if err := j.Sync(); err != nil {
				return 0, err
			}
		}
		return found, j.Close()
	}
	if _, err := open(d); err != nil {
		t.Fatal(err)
	}
	for fails := 1; ; fails++ {
		n := 0
		d.Before(func(op disktest.Op) error {
			if op.Kind != disktest.Read {
				return nil
			}
			if n++; n == fails {
				return errBroken
			}
			return nil
		})
		_, err := open(d)
		d.Before(nil)
		if n < fails {
			if fails < 4 {
				t.Errorf("only %d reads", n)
			}
			return
		}
		var damage *DamageError
		if !errors.Is(err, errBroken) || errors.As(err, &damage) {
			t.Errorf("read %d fails: %v", fails, err)
		}
		if found, err := open(d); found != changes || err != nil {
			t.Errorf("after read %d failed there are %d changes, %v", fails, found, err)
		}
	}
}

// TestTheEndOfASegmentHasItsRoom is about the last frame of a segment, which is
// written when the disk may be full.
func TestTheEndOfASegmentHasItsRoom(t *testing.T) {
	for size := smallSegment - 150; size < smallSegment+50; size += 2 {
		d := disktest.New()
		j, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, func([]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			d.Limit(j.Size())
			_, err := j.Append(make([]byte, size))
			if errors.Is(err, ErrNoSpace) {
				d.Limit(0)
				_, err = j.Append(make([]byte, size))
				d.Limit(j.Size())
			}
			if err == nil {
				err = j.Sync()
			}
			if err != nil {
				t.Fatalf("change %d of %d bytes: %v, %v", n, size, err, j.Fault())
			}
		}
	}
}

// TestNumbersPassThirtyTwoBits is about a log that was written for long.
func TestNumbersPassThirtyTwoBits(t *testing.T) {
	const number, first = 1<<32 - 2, 1<<32 - 9
	d := disktest.New()
	if err := d.MkdirAll(dir); err != nil {
		t.Fatal(err)
	}
	h := header{kind: checkpointKind, number: number, first: first, salt: 7}
	end := sealFrame(appendEnd(make([]byte, frameHeader), 0, 0), h.salt, 0)
	replaceFile(t, d, dir+"/"+checkpointKind.name(number), append(h.encode(), end...))
	h.kind = segmentKind
	replaceFile(t, d, dir+"/"+segmentKind.name(number), append(h.encode(), make([]byte, smallSegment)...))
	var w writer
	for range 2 {
		if err := w.live(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	mustHold(t, d.Killed(), w.acked, w.acked)
	if all := named(d, segmentKind); mustNumber(all[0]) < 1<<32 {
		t.Errorf("segments %v", all)
	}
}
