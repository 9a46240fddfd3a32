package disktest

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// TestBothDisksDoTheSame holds the disk in memory to what the real one does.
func TestBothDisksDoTheSame(t *testing.T) {
	for name, d := range map[string]disk.FS{"the operating system's": disk.OS{}, "the one in memory": New()} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			path := func(name string) string { return filepath.Join(dir, name) }
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := d.Create(path("early"), 0); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file in no directory: %v", err)
			}
			must(d.MkdirAll(dir))
			must(d.MkdirAll(dir))
			f, err := d.Create(path("one"), 10)
			must(err)
			_, err = f.WriteAt([]byte("abc"), 9)
			must(err)
			_, err = f.WriteAt([]byte("xy"), 1)
			must(err)
			must(f.Sync())
			if size, err := f.Size(); err != nil || size != 12 {
				t.Errorf("size %d, %v", size, err)
			}
			must(f.Truncate(11))
			if size, err := f.Size(); err != nil || size != 11 {
				t.Errorf("size %d, %v after it was shortened", size, err)
			}
			_, err = f.WriteAt([]byte("c"), 11)
			must(err)
			must(f.Close())
			other, err := d.Create(path("two"), 5)
			must(err)
			must(other.Close())
			must(d.Rename(path("one"), path("two")))
			must(d.SyncDir(dir))
			f, err = d.Open(path("two"))
			must(err)
			content := make([]byte, 20)
			n, err := f.ReadAt(content, 0)
			if string(content[:n]) != "\x00xy\x00\x00\x00\x00\x00\x00abc" || !errors.Is(err, io.EOF) {
				t.Errorf("read %q, %v", content[:n], err)
			}
			must(f.Close())
			names, err := d.List(dir)
			must(err)
			if !slices.Equal(names, []string{"two"}) {
				t.Errorf("names %v", names)
			}
			must(d.Remove(path("two")))
			for what, err := range map[string]error{
				"removing": d.Remove(path("two")), "renaming": d.Rename(path("two"), path("three")),
				"opening": second(d.Open(path("two"))),
			} {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s what isn't there: %v", what, err)
				}
			}
			lock, err := d.Lock(path("LOCK"))
			must(err)
			must(lock.Close())
			if free, err := d.FreeBytes(dir); err != nil || free == 0 {
				t.Errorf("%d bytes are free, %v", free, err)
			}
		})
	}
}

func second(_ disk.File, err error) error { return err }

func TestALossOfPowerTakesWhatWasNotSynced(t *testing.T) {
	d := New()
	if err := d.MkdirAll("d"); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, sync bool) {
		t.Helper()
		f, err := d.Create(name, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte(text), 0); err != nil {
			t.Fatal(err)
		}
		if sync {
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("d/synced", "kept", true)
	write("d/unsynced", "lost", false)
	if err := d.SyncDir("d"); err != nil {
		t.Fatal(err)
	}
	write("d/unnamed", "lost", true)
	if err := d.Remove("d/synced"); err != nil {
		t.Fatal(err)
	}
	after := d.Crashed(0, nil).Contents()
	if len(after) != 2 || string(after["d/synced"]) != "kept" || len(after["d/unsynced"]) != 0 {
		t.Errorf("afterwards there is %q", after)
	}
	if killed := d.Killed().Contents(); len(killed) != 2 || string(killed["d/unsynced"]) != "lost" || killed["d/unnamed"] == nil {
		t.Errorf("after a kill there is %q", killed)
	}
	if after := d.Killed().Crashed(0, nil).Contents(); len(after) != 2 || len(after["d/unsynced"]) != 0 {
		t.Errorf("after a kill and a loss of power there is %q", after)
	}
	short, err := d.Open("d/unsynced")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(short.Truncate(2), short.Sync(), short.Close()); err != nil {
		t.Fatal(err)
	}
	if got := string(d.Crashed(0, nil).Contents()["d/unsynced"]); got != "lo" {
		t.Errorf("after it was shortened and synced there is %q", got)
	}
	write("d/unsynced", "lost", false)
	if err := d.SyncDir("d"); err != nil {
		t.Fatal(err)
	}
	// Each outcome between the two must be possible.
	rng := rand.New(rand.NewPCG(1, 1))
	write("d/scattered", strings.Repeat("x", 32), false)
	if err := d.SyncDir("d"); err != nil {
		t.Fatal(err)
	}
	left := func(name, content string) string { return name + " with " + content }
	const tries = 100_000
	missing := map[string]bool{left("d/scattered", zeros(8)+"xxxxxxxx"+zeros(8)+"xxxxxxxx"): true}
	for _, part := range []string{"", "lo", "lost", "\x00\x00st", "\x00os\x00"} {
		missing[left("d/unsynced", part)] = true
	}
	for range tries {
		after := d.Crashed(50, rng).Contents()
		if _, there := after["d/unsynced"]; !there {
			t.Fatal("a durable name is gone")
		}
		for name, content := range after {
			delete(missing, left(name, string(content)))
		}
		if len(missing) == 0 {
			return
		}
	}
	t.Errorf("in %d losses of power there never was %q", tries, slices.Collect(maps.Keys(missing)))
}

func zeros(n int) string { return strings.Repeat("\x00", n) }

func TestADiskIsFullAtItsLimit(t *testing.T) {
	d := New()
	if err := d.MkdirAll("d"); err != nil {
		t.Fatal(err)
	}
	d.Limit(100)
	f, err := d.Create("d/a", 60)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Create("d/b", 50); !disk.IsFull(err) {
		t.Errorf("a file that is too large: %v", err)
	}
	if _, err := f.WriteAt(make([]byte, 50), 60); !disk.IsFull(err) {
		t.Errorf("a write that is too long: %v", err)
	}
	if _, err := f.WriteAt(make([]byte, 50), 10); err != nil {
		t.Errorf("a write into what was allocated: %v", err)
	}
	if free, _ := d.FreeBytes("d"); free != 40 {
		t.Errorf("%d bytes are free", free)
	}
}

func TestAnOperationFailsWhereATestSaysSo(t *testing.T) {
	d := New()
	if err := d.MkdirAll("d"); err != nil {
		t.Fatal(err)
	}
	f, err := d.Create("d/a", 0)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("input/output error")
	d.Before(func(op Op) error {
		if op.Kind == Write && op.Name == "d/a" {
			return broken
		}
		return nil
	})
	if _, err := f.WriteAt([]byte("half"), 0); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if content := d.Contents()["d/a"]; string(content) != "ha" {
		t.Errorf("it wrote %q", content)
	}
}
