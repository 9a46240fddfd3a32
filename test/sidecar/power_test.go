package sidecar

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/progress-sync/progress-sync/test/kit"
	"github.com/progress-sync/progress-sync/test/kit/sidecar"
	pgtest "github.com/progress-sync/progress-sync/test/postgres"
)

// TestWithoutPowerOnARealFileSystemNothingIsLost copies what the disk below a file
// system has while the sidecar is stopped, which is what a loss of power leaves, and
// goes on with that. ext2 has no log of its own: it keeps of names what was synced of
// them, and it can't make room for a file at once.
func TestWithoutPowerOnARealFileSystemNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ext4", "ext2"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := newImage(t, kind)
			uri := pgtest.Database(t)
			p := newProcessWith(t, sidecar.Options{URI: uri, Configuration: fast, Spool: filepath.Join(d.volume, "spool")})
			p.start(t)
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, 7))
			l := startLoad(t, p, seed)
			before := ""
			for cut := range 12 {
				l.awaitAcknowledged(t, 1+random.Int64N(1500))
				if cut%3 == 2 { // or else it may make none between two losses
					kit.Eventually(t, "a checkpoint", func() error {
						last := lastCheckpoint(t, p)
						return kit.Unless(last != before, last)
					})
				}
				freeze(t, p) // what it acknowledges once the copy has begun may be missing there
				d.copy(t)
				p.Kill()
				d.mountCopy(t)
				before = lastCheckpoint(t, p)
				p.start(t)
			}
			l.awaitAcknowledged(t, 1)
			l.finish(t)
			saved(t, p)
			l.verify(t, uri)
		})
	}
}

// lastCheckpoint is the file of the newest one in a sidecar's spool, "" without any.
func lastCheckpoint(t *testing.T, p *process) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(p.Spool(), "checkpoint-"+strings.Repeat("?", 16)))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Max(append(names, ""))
}

// image is a file system in a file.
type image struct {
	kind, file, volume string
	copies             int
}

func newImage(t *testing.T, kind string) *image {
	t.Helper()
	if _, err := exec.LookPath("mkfs." + kind); err != nil || os.Geteuid() != 0 {
		kit.Lacks(t, "it takes root and mkfs to mount a file system")
	}
	dir := t.TempDir()
	d := &image{kind: kind, file: filepath.Join(dir, "disk-0"), volume: filepath.Join(dir, "volume")}
	if err := os.Mkdir(d.volume, 0o755); err != nil {
		t.Fatal(err)
	}
	d.format(t)
	if out, err := exec.Command("mount", "-o", "loop", d.file, d.volume).CombinedOutput(); err != nil {
		kit.Lacks(t, "no file can be mounted here: %s", out)
	}
	t.Cleanup(func() { unmount(t, d.volume) })
	return d
}

// format makes the file system anew, without any file.
func (d *image) format(t *testing.T) {
	t.Helper()
	mustRun(t, "truncate", "-s", "96M", d.file)
	mustRun(t, "mkfs."+d.kind, "-q", d.file)
}

// copy copies what has reached the disk.
func (d *image) copy(t *testing.T) {
	t.Helper()
	d.copies++
	from := d.file
	d.file = filepath.Join(filepath.Dir(from), fmt.Sprintf("disk-%d", d.copies))
	mustRun(t, "cp", "--sparse=always", from, d.file)
}

// mountCopy mounts the copy in place of the file system.
func (d *image) mountCopy(t *testing.T) {
	t.Helper()
	unmount(t, d.volume)
	if d.kind == "ext2" {
		d.moveFiles(t)
	}
	mustRun(t, "mount", "-o", "loop", d.file, d.volume)
}

// moveFiles makes another file system of the files in the copy. ext2 has to be
// repaired before anything is written to it, and the repair can damage a synced file:
// where the disk does not know yet that another file was removed, both may claim a
// block, which for the removed one holds block numbers. e2fsck writes zeros over those
// that can't be right. docs/operating.md says that a claim must have another file
// system.
func (d *image) moveFiles(t *testing.T) {
	t.Helper()
	copied, from := d.file, d.volume+"-copy"
	if err := os.MkdirAll(from, 0o755); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "mount", "-o", "loop,ro", copied, from)
	defer unmount(t, from)
	d.file += "-moved"
	d.format(t)
	mustRun(t, "mount", "-o", "loop", d.file, d.volume)
	if err := errors.Join(copyReadable(from, d.volume), os.Remove(copied)); err != nil {
		t.Fatalf("copying what reached the disk: %v", err)
	}
	// The disk gets all of it before the next loss of power.
	if err := syscall.Unmount(d.volume, 0); err != nil {
		t.Fatal(err)
	}
}

// copyReadable copies the files of a file system. A name whose file is gone is left
// out, and a page that can't be read becomes zeros, as after a repair. Files that were
// being removed may look so; if one that is needed does, the sidecar misses it.
func copyReadable(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if path == from || errors.Is(err, syscall.ESTALE) || errors.Is(err, syscall.EUCLEAN) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, name); {
		case name == "lost+found":
			return fs.SkipDir
		case entry.IsDir():
			return os.Mkdir(target, info.Mode().Perm())
		default:
			return copyPages(path, target, info)
		}
	})
}

func copyPages(from, to string, info fs.FileInfo) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	page := make([]byte, os.Getpagesize())
	for at := int64(0); at < info.Size(); at += int64(len(page)) {
		data := page[:min(int64(len(page)), info.Size()-at)]
		if _, err := in.ReadAt(data, at); errors.Is(err, syscall.EUCLEAN) || errors.Is(err, syscall.EIO) {
			clear(data)
		} else if err != nil {
			return err
		}
		if _, err := out.WriteAt(data, at); err != nil {
			return err
		}
	}
	return nil
}

func mustRun(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
