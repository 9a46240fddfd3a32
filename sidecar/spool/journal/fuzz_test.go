package journal

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// FuzzSegment damages the last segment of a log at any place. Opening must not
// panic; either it says that the log is damaged and changes nothing, or all frames
// before the damage are there.
func FuzzSegment(f *testing.F) {
	f.Add(uint16(0), []byte{1})
	f.Add(uint16(headerSize), []byte{0, 0, 0, 0})
	f.Add(uint16(headerSize+100), []byte{0xff, 0xff, 0xff, 0x3f})
	f.Add(uint16(smallSegment-1), []byte{9, 9, 9})
	f.Add(uint16(headerSize+8), make([]byte, 400))
	f.Fuzz(func(t *testing.T, at uint16, data []byte) {
		d, changes := oneSegment(t)
		path := filepath.Join(dir, segmentKind.name(1))
		frames := places(d, path)
		overwrite(t, d, path, int64(at), data)
		before := d.Contents()
		whole := 0
		for whole+1 < len(frames) && frames[whole+1] <= int64(at) {
			whole++
		}
		var got [][]byte
		_, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, func(c []byte) error {
			got = append(got, bytes.Clone(c))
			return nil
		})
		for i := range min(whole, len(got)) {
			if !bytes.Equal(got[i], changes[i]) {
				t.Fatalf("frame %d is %q, want %q", i, got[i], changes[i])
			}
		}
		if err == nil {
			if len(got) < whole {
				t.Fatalf("%d frames are there, %d were before the damage", len(got), whole)
			}
			return
		}
		var damage *DamageError
		if !errors.As(err, &damage) && !errors.Is(err, errVersion) {
			t.Fatalf("error %v", err)
		}
		if !bytes.Equal(before[path], d.Contents()[path]) {
			t.Fatal("the file was changed")
		}
	})
}

// oneSegment is a disk with a log of six frames in one segment.
func oneSegment(t *testing.T) (d *disktest.Disk, changes [][]byte) {
	t.Helper()
	d = disktest.New()
	j, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		changes = append(changes, bytes.Repeat([]byte{byte('a' + i)}, 10+9*i))
		if _, err := j.Append(changes[i]); err != nil {
			t.Fatal(err)
		}
		if err := j.Sync(); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return d.Crashed(0, nil), changes
}

// FuzzFrames reads any bytes as a segment and as a checkpoint.
func FuzzFrames(f *testing.F) {
	h := header{kind: segmentKind, number: 1, first: 1, salt: 5}
	frame := sealFrame(append(make([]byte, frameHeader), "change"...), 5, 1)
	f.Add(append(h.encode(), frame...))
	h.kind = checkpointKind
	end := sealFrame(appendEnd(make([]byte, frameHeader), 1, 0), 5, 0)
	f.Add(append(append(h.encode(), frame...), end...))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, k := range []kind{segmentKind, checkpointKind} {
			d, _ := oneSegment(t)
			file, err := d.Create(filepath.Join(dir, k.name(1)), 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := file.WriteAt(content, 0); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			var damage *DamageError
			j, err := Open(Options{Dir: dir, FS: d, SegmentBytes: smallSegment}, func([]byte) error { return nil })
			switch {
			case err == nil:
				if err := j.Close(); err != nil {
					t.Error(err)
				}
			case !errors.As(err, &damage) && !errors.Is(err, errVersion):
				t.Errorf("error %v", err)
			}
		}
	})
}
