package journal

import (
	"errors"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

func TestAFullDiskRefusesChangesAndGoesOnWhenACheckpointFreesIt(t *testing.T) {
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	const room = 12 * smallSegment
	d.Limit(room)
	fill := func() {
		t.Helper()
		for n := 0; ; n++ {
			err := w.append(true)
			if errors.Is(err, ErrNoSpace) {
				break
			}
			if err != nil || n > 1000 {
				t.Fatalf("change %d: %v", n, err)
			}
		}
		if !w.j.Short() || w.j.Fault() != nil {
			t.Fatalf("short %v, fault %v", w.j.Short(), w.j.Fault())
		}
	}
	fill()
	mustHold(t, unlimited(d.Killed()), w.acked, w.acked)
	// There is no room for a checkpoint either, which must change nothing.
	err := w.j.Checkpoint(t.Context(), func(add func([]byte) error) error { return add(put(w.state)) })
	if !errors.Is(err, ErrNoSpace) || w.j.Fault() != nil {
		t.Fatalf("error %v, fault %v", err, w.j.Fault())
	}
	for range 3 {
		// Somebody else has removed something: room for one checkpoint.
		d.Limit(room + 3*smallSegment)
		if err := w.append(true); err != nil {
			t.Fatalf("a change, when there is room again: %v", err)
		}
		err := w.j.Checkpoint(t.Context(), func(add func([]byte) error) error { return add(put(w.state)) })
		if err != nil {
			t.Fatal(err)
		}
		d.Limit(room)
		if err := w.append(true); err != nil {
			t.Fatalf("a change behind the checkpoint: %v", err)
		}
		fill()
	}
	if err := w.j.Close(); err != nil {
		t.Error(err)
	}
	mustHold(t, unlimited(d), w.acked, w.acked)
}

func TestASpoolIsShortNoLongerThanTheDisk(t *testing.T) {
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	d.Limit(4 * smallSegment)
	for w.append(true) == nil {
		if w.appended > 1000 {
			t.Fatal("the disk is never full")
		}
	}
	if !w.j.Short() {
		t.Error("it is not short")
	}
	d.Limit(0)
	if w.j.Short() {
		t.Error("it is short although there is room")
	}
}

func unlimited(d *disktest.Disk) *disktest.Disk {
	d.Limit(0)
	return d
}

func TestAFullSpoolCanBeOpened(t *testing.T) {
	d := written(t)
	var used int64
	for _, content := range d.Contents() {
		used += int64(len(content))
	}
	d.Limit(used)
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	if w.state[counter] != 60 {
		t.Errorf("it holds %d changes", w.state[counter])
	}
	if err := w.j.Close(); err != nil {
		t.Error(err)
	}
}

func TestACheckpointThatFindsNoRoomLeavesNothingBehind(t *testing.T) {
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	if err := w.append(true); err != nil {
		t.Fatal(err)
	}
	var used int64
	d.Limit(5 * smallSegment)
	err := w.j.Checkpoint(t.Context(), func(add func([]byte) error) error {
		for range 100 {
			if err := add(make([]byte, checkpointFrame)); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, ErrNoSpace) || w.j.Fault() != nil {
		t.Errorf("error %v, fault %v", err, w.j.Fault())
	}
	for _, content := range d.Contents() {
		used += int64(len(content))
	}
	if used > 3*smallSegment || used != w.j.Size() {
		t.Errorf("%d bytes are used, and %d counted", used, w.j.Size())
	}
	mustHold(t, unlimited(d.Killed()), 1, 1)
}

func TestAChangeLargerThanASegmentHasASegmentOfItsOwn(t *testing.T) {
	d := disktest.New()
	open := func(d *disktest.Disk) (j *Journal, sizes []int) {
		j, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, func(c []byte) error {
			sizes = append(sizes, len(c))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return j, sizes
	}
	j, _ := open(d)
	for _, size := range []int{10, 10 * smallSegment, 10, smallSegment} {
		if _, err := j.Append(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if _, sizes := open(d.Crashed(0, nil)); len(sizes) != 4 || sizes[1] != 10*smallSegment {
		t.Errorf("changes of %v bytes", sizes)
	}
	d.Limit(20 * smallSegment)
	for range 3 {
		if _, err := j.Append(make([]byte, 30*smallSegment)); !errors.Is(err, ErrNoSpace) {
			t.Errorf("error %v", err)
		}
		// The room that was there for usual changes is still there.
		if _, err := j.Append(make([]byte, smallSegment/2)); err != nil {
			t.Errorf("a small change afterwards: %v", err)
		}
		if err := j.Sync(); err != nil {
			t.Error(err)
		}
	}
}
