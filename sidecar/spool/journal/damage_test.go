package journal

import (
	"encoding/binary"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// written is a disk with a checkpoint of the first 20 changes, 40 more in several
// segments, and nothing unsynced.
func written(t *testing.T) *disktest.Disk {
	t.Helper()
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if err := w.append(true); err != nil {
			t.Fatal(err)
		}
		if i != 19 {
			continue
		}
		err := w.j.Checkpoint(t.Context(), func(add func([]byte) error) error { return add(put(w.state)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.j.Close(); err != nil {
		t.Fatal(err)
	}
	for path := range d.Contents() {
		overwrite(t, d, path, 0, nil) // and syncs it, as the disk does by itself before long
	}
	return d.Crashed(0, nil)
}

// named are the paths of the segments or checkpoints, by number.
func named(d *disktest.Disk, k kind) (paths []string) {
	for path := range d.Contents() {
		if _, ok := k.number(filepath.Base(path)); ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// overwrite changes a file behind the journal's back.
func overwrite(t *testing.T, d *disktest.Disk, path string, at int64, data []byte) {
	t.Helper()
	f, err := d.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// replaceFile puts a file in place of one of that name, or makes it.
func replaceFile(t *testing.T, d *disktest.Disk, path string, content []byte) {
	t.Helper()
	f, err := d.Create(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), d.SyncDir(dir)); err != nil {
		t.Fatal(err)
	}
	overwrite(t, d, path, 0, content)
}

// mustNumber is the number in a segment's path.
func mustNumber(path string) uint64 {
	n, ok := segmentKind.number(filepath.Base(path))
	if !ok {
		panic(path)
	}
	return n
}

// spoil inverts a byte.
func spoil(t *testing.T, d *disktest.Disk, path string, at int64) {
	t.Helper()
	overwrite(t, d, path, at, []byte{^d.Contents()[path][at]})
}

// places are those of a segment's frames with changes, and of their end.
func places(d *disktest.Disk, path string) (places []int64) {
	content := d.Contents()[path]
	at := int64(headerSize)
	for places = []int64{at}; at+frameHeader < int64(len(content)); places = append(places, at) {
		length, sequence := binary.LittleEndian.Uint32(content[at:]), binary.LittleEndian.Uint64(content[at+8:])
		if length == 0 || sequence == 0 {
			break
		}
		at += frameSize(int(length))
	}
	return places
}

func frameAt(d *disktest.Disk, path string, n int) int64 { return places(d, path)[n] }

func TestDamageStopsTheStartAndNothingIsRemoved(t *testing.T) {
	segment := func(d *disktest.Disk, n int) string { return named(d, segmentKind)[n] }
	last := func(d *disktest.Disk) string { all := named(d, segmentKind); return all[len(all)-1] }
	checkpoint := func(d *disktest.Disk) string { return named(d, checkpointKind)[0] }
	for name, tt := range map[string]struct {
		damage func(t *testing.T, d *disktest.Disk) (file string)
		want   string
	}{
		"a frame of a segment that is full": {func(t *testing.T, d *disktest.Disk) string {
			spoil(t, d, segment(d, 1), frameAt(d, segment(d, 1), 2)+20)
			return segment(d, 1)
		}, "can"},
		"the last frame of a segment that is full": {func(t *testing.T, d *disktest.Disk) string {
			path := segment(d, 1)
			spoil(t, d, path, frameAt(d, path, len(places(d, path))-2)+20)
			return path
		}, "are missing"},
		"a frame before the last one": {func(t *testing.T, d *disktest.Disk) string {
			spoil(t, d, last(d), frameAt(d, last(d), 0)+4)
			return last(d)
		}, "can"},
		"a frame's length": {func(t *testing.T, d *disktest.Disk) string {
			overwrite(t, d, segment(d, 0), frameAt(d, segment(d, 0), 0), []byte{0xff, 0xff, 0xff, 0xff})
			return segment(d, 0)
		}, "can"},
		"zeros in place of frames": {func(t *testing.T, d *disktest.Disk) string {
			overwrite(t, d, last(d), headerSize, make([]byte, frameAt(d, last(d), 1)-headerSize))
			return last(d)
		}, "can"},
		"a segment's header": {func(t *testing.T, d *disktest.Disk) string {
			spoil(t, d, segment(d, 2), 33)
			return segment(d, 2)
		}, "header"},
		"a segment that is missing": {func(t *testing.T, d *disktest.Disk) string {
			path := segment(d, 1)
			if err := errors.Join(d.Remove(path), d.SyncDir(dir)); err != nil {
				t.Fatal(err)
			}
			return path
		}, "missing"},
		"the first segment is missing": {func(t *testing.T, d *disktest.Disk) string {
			path := segment(d, 0)
			if err := errors.Join(d.Remove(path), d.SyncDir(dir)); err != nil {
				t.Fatal(err)
			}
			return path
		}, "missing"},
		"all segments are missing": {func(t *testing.T, d *disktest.Disk) string {
			all := named(d, segmentKind)
			for _, path := range all {
				if err := d.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			return all[0]
		}, "missing"},
		"the last segment is missing": {func(t *testing.T, d *disktest.Disk) string {
			path := last(d)
			if err := errors.Join(d.Remove(path), d.SyncDir(dir)); err != nil {
				t.Fatal(err)
			}
			return path
		}, "missing"},
		"all segments but the first are missing": {func(t *testing.T, d *disktest.Disk) string {
			all := named(d, segmentKind)
			for _, path := range all[1:] {
				if err := d.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			return all[1]
		}, "missing"},
		"a segment of no bytes": {func(t *testing.T, d *disktest.Disk) string {
			replaceFile(t, d, last(d), nil)
			return last(d)
		}, "no file of a spool"},
		"a segment that ends in its header": {func(t *testing.T, d *disktest.Disk) string {
			replaceFile(t, d, last(d), d.Contents()[last(d)][:headerSize-1])
			return last(d)
		}, "no file of a spool"},
		"a full segment of which only the header is left": {func(t *testing.T, d *disktest.Disk) string {
			replaceFile(t, d, segment(d, 1), d.Contents()[segment(d, 1)][:headerSize])
			return segment(d, 1)
		}, "are missing"},
		"zeros in place of a segment": {func(t *testing.T, d *disktest.Disk) string {
			replaceFile(t, d, last(d), make([]byte, smallSegment))
			return last(d)
		}, "no file of a spool"},
		"an older copy of a segment": {func(t *testing.T, d *disktest.Disk) string {
			path := segment(d, 1)
			replaceFile(t, d, path, d.Contents()[path][:frameAt(d, path, 2)])
			return path
		}, "are missing"},
		"a frame that skips one": {func(t *testing.T, d *disktest.Disk) string {
			path := last(d)
			at := places(d, path)
			h, err := decodeHeader(d.Contents()[path], segmentKind, mustNumber(path))
			if err != nil {
				t.Fatal(err)
			}
			sequence := h.first + uint64(len(at)) // one more than the next
			overwrite(t, d, path, at[len(at)-1], sealFrame(append(make([]byte, frameHeader), put(nth(1))...), h.salt, sequence))
			return path
		}, "not the one"},
		"an empty checkpoint": {func(t *testing.T, d *disktest.Disk) string {
			replaceFile(t, d, checkpoint(d), nil)
			return checkpoint(d)
		}, "no file of a spool"},
		"an older checkpoint than the log": {func(t *testing.T, d *disktest.Disk) string {
			newer, older := checkpoint(d), filepath.Join(dir, checkpointKind.name(1))
			h := header{kind: checkpointKind, number: 1, first: 1, salt: 7}
			end := sealFrame(appendEnd(make([]byte, frameHeader), 0, 0), h.salt, 0)
			replaceFile(t, d, older, append(h.encode(), end...))
			if err := d.Remove(newer); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(dir, segmentKind.name(1))
		}, "missing"},
		"the checkpoint is missing": {func(t *testing.T, d *disktest.Disk) string {
			if err := d.Remove(checkpoint(d)); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(dir, segmentKind.name(1))
		}, "missing"},
		"a segment under another's name": {func(t *testing.T, d *disktest.Disk) string {
			path := last(d)
			if err := d.Rename(segment(d, 0), path); err != nil {
				t.Fatal(err)
			}
			return segment(d, 0)
		}, ""},
		"a frame of the checkpoint": {func(t *testing.T, d *disktest.Disk) string {
			spoil(t, d, checkpoint(d), headerSize+20)
			return checkpoint(d)
		}, "cannot be read"},
		"the checkpoint's end": {func(t *testing.T, d *disktest.Disk) string {
			spoil(t, d, checkpoint(d), int64(len(d.Contents()[checkpoint(d)])-1))
			return checkpoint(d)
		}, "cannot be read"},
		"something behind the checkpoint's end": {func(t *testing.T, d *disktest.Disk) string {
			overwrite(t, d, checkpoint(d), int64(len(d.Contents()[checkpoint(d)])), []byte("more"))
			return checkpoint(d)
		}, "behind its end"},
	} {
		t.Run(name, func(t *testing.T) {
			d := written(t)
			file := tt.damage(t, d)
			before := d.Contents()
			_, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, table{}.apply)
			var damage *DamageError
			if !errors.As(err, &damage) {
				t.Fatalf("error %v", err)
			}
			if name != "a segment under another's name" && damage.File != file {
				t.Errorf("it names %s, want %s", damage.File, file)
			}
			if !strings.Contains(damage.Err.Error(), tt.want) || !strings.Contains(err.Error(), "restore the file") {
				t.Errorf("error %v", err)
			}
			if !maps.EqualFunc(before, d.Contents(), slices.Equal) {
				t.Error("the files were changed")
			}
		})
	}
}

func TestALogThatEndsBeforeItsCheckpointWasMadeIsDamaged(t *testing.T) {
	d := disktest.New()
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	if err := w.append(true); err != nil {
		t.Fatal(err)
	}
	if err := w.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.j.Close(); err != nil {
		t.Fatal(err)
	}
	path := named(d, segmentKind)[0]
	overwrite(t, d, path, headerSize, make([]byte, smallSegment-headerSize))
	for _, other := range named(d, segmentKind)[1:] {
		if err := d.Remove(other); err != nil {
			t.Fatal(err)
		}
	}
	var damage *DamageError
	if err := open1(d, &writer{}); !errors.As(err, &damage) || damage.File != path || damage.Offset != headerSize {
		t.Errorf("error %v", err)
	}
}

func TestASpoolOfANewerVersionIsNotCalledDamaged(t *testing.T) {
	d := written(t)
	overwrite(t, d, named(d, segmentKind)[0], int64(len(magic)), []byte{version + 1})
	var damage *DamageError
	if err := open1(d, &writer{}); !errors.Is(err, errVersion) || errors.As(err, &damage) {
		t.Errorf("error %v", err)
	}
}

func TestATornEndIsCutOffAndOverwritten(t *testing.T) {
	d := written(t)
	all := named(d, segmentKind)
	path := all[len(all)-1]
	overwrite(t, d, path, places(d, path)[len(places(d, path))-1], []byte(strings.Repeat("torn", 20)))
	var w writer
	if err := open1(d, &w); err != nil {
		t.Fatal(err)
	}
	n := w.state[counter]
	if !maps.Equal(w.state, after(n)) {
		t.Errorf("after %d changes there is %v", n, w.state)
	}
	if strings.Contains(string(d.Contents()[path]), "torn") {
		t.Error("the torn end is still there")
	}
}

func TestWhatAppsWriteCannotPassForAFrame(t *testing.T) {
	d := disktest.New()
	j, err := Open(Options{Dir: dir, FS: d}, table{}.apply)
	if err != nil {
		t.Fatal(err)
	}
	forged := sealFrame(append(make([]byte, frameHeader), put(table{1: 1})...), 0, 3)
	if _, err := j.Append(forged); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(); err != nil {
		t.Fatal(err)
	}
	path := named(d, segmentKind)[0]
	spoil(t, d, path, headerSize+4) // as if it were torn
	if _, err := Open(Options{Dir: dir, FS: d.Killed()}, table{}.apply); err != nil {
		t.Error(err)
	}
}

func TestADirectoryIsOpenedOnce(t *testing.T) {
	d := disktest.New()
	var first, second writer
	if err := open1(d, &first); err != nil {
		t.Fatal(err)
	}
	if err := open1(d, &second); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v", err)
	}
	if err := first.append(true); err != nil {
		t.Error(err)
	}
	if err := first.j.Close(); err != nil {
		t.Error(err)
	}
	if err := open1(d, &second); err != nil {
		t.Error(err)
	}
}

func TestNoFileHoldsWhatWasDeletedBeforeACheckpoint(t *testing.T) {
	d := disktest.New()
	all := map[string]bool{}
	j, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		change := "kept"
		if i%3 == 0 {
			change = "secret"
		}
		if _, err := j.Append([]byte(change)); err != nil {
			t.Fatal(err)
		}
		if i%5 == 0 {
			if err := j.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = j.Checkpoint(t.Context(), func(add func([]byte) error) error {
		if _, err := j.Append([]byte("later")); err != nil {
			return err
		}
		return add([]byte("kept"))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range d.Crashed(0, nil).Contents() {
		for _, word := range []string{"secret", "kept", "later"} {
			all[word] = all[word] || strings.Contains(string(content), word)
		}
	}
	if want := map[string]bool{"secret": false, "kept": true, "later": true}; !maps.Equal(all, want) {
		t.Errorf("the files hold %v, want %v", all, want)
	}
}
