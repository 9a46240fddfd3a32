package frompebble

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
	"github.com/progress-sync/progress-sync/sidecar/spool/upgrade"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The spools below testdata were written by the buffer of commit 947828e, and
// want.json by its own decoders.
type want struct {
	Format struct {
		Lanes  int
		Writer uuid.UUID
	}
	Lanes []struct {
		Lane int
		numbers
	}
	Batches []struct {
		Lane   int
		Number uint64
		spool.Batch
	}
	Kept []struct {
		Lane   int
		Number uint64
		spool.Kept
	}
	Pending     []spool.Pending
	DeadLetters []spool.DeadLetter
	Events      []struct {
		Lane    int
		Segment progress.Instant
		ID      string
	}
	Tombstones []struct {
		ID string
		spool.Tombstone
	}
	LastDeadLetter uint64
}

type numbers spool.Lane

// lines are a spool's entries, as text.
type lines []string

func (l *lines) add(kind string, parts ...any) error {
	*l = append(*l, fmt.Sprintf("%s %+v", kind, parts))
	return nil
}

func (w *want) lines() lines {
	var l lines
	_ = l.add("format", w.Format.Lanes, w.Format.Writer)
	for _, x := range w.Lanes {
		_ = l.add("lane", x.Lane, x.Next, x.Applied, x.Received, len(x.Frozen), x.Frozen)
	}
	for _, x := range w.Batches {
		_ = l.add("batch", x.Lane, x.Number, x.Batch)
	}
	for _, x := range w.Kept {
		_ = l.add("kept", x.Lane, x.Number, x.Kept)
	}
	for i := range w.Pending {
		_ = l.add("pending", w.Pending[i])
	}
	for _, x := range w.DeadLetters {
		_ = l.add("dead letter", x)
	}
	_ = l.add("last dead letter", w.LastDeadLetter)
	for _, x := range w.Events {
		_ = l.add("event", x.Lane, x.Segment, x.ID)
	}
	for _, x := range w.Tombstones {
		_ = l.add("tombstone", x.ID, x.Tombstone)
	}
	slices.Sort(l)
	return l
}

func (l *lines) visitor() spool.Visitor {
	return spool.Visitor{
		Format: func(f spool.Format) error { return l.add("format", f.Lanes, f.Writer) },
		Event: func(lane int, segment progress.Instant, id spool.EventID, kind spool.EventKind) error {
			if kind != spool.EventSalted {
				return errors.New("an event has an id that other spools are to know")
			}
			return l.add("event", lane, segment, hex.EncodeToString(id[:]))
		},
		Lane: func(lane int, x spool.Lane) error {
			return l.add("lane", lane, x.Next, x.Applied, x.Received, len(x.Frozen), x.Frozen)
		},
		Batch: func(lane int, number uint64, e spool.EncodedBatch) error {
			b, err := e.Decode()
			return errors.Join(err, l.add("batch", lane, number, b))
		},
		Kept:           func(lane int, number uint64, k spool.Kept) error { return l.add("kept", lane, number, k) },
		DeadLetter:     func(_ spool.Key, dl spool.DeadLetter) error { return l.add("dead letter", dl) },
		LastDeadLetter: func(id uint64) error { return l.add("last dead letter", id) },
		Tombstone: func(id spool.LearnerID, s spool.Tombstone) error {
			return l.add("tombstone", hex.EncodeToString(id[:]), s)
		},
		Pending: func(_ spool.Key, p *spool.Pending) error { return l.add("pending", *p) },
	}
}

const dir = "spool"

// earlierSpool is a disk with a spool of testdata, and what is in it.
func earlierSpool(t *testing.T, name string) (*disktest.Disk, lines) {
	t.Helper()
	d := disktest.New()
	if err := d.MkdirAll(dir); err != nil {
		t.Fatal(err)
	}
	from := filepath.Join("testdata", name)
	files, err := os.ReadDir(filepath.Join(from, dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(from, dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		create(t, d, f.Name(), data)
	}
	if err := d.SyncDir(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(from, "want.json"))
	if err != nil {
		t.Fatal(err)
	}
	var w want
	if err := json.Unmarshal(data, &w); err != nil {
		t.Fatal(err)
	}
	return d, w.lines()
}

func create(t *testing.T, d *disktest.Disk, name string, data []byte) {
	t.Helper()
	file, err := d.Create(filepath.Join(dir, name), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt(data, 0)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// forPebble is a copy of the disk that Pebble can read.
func forPebble(t *testing.T, d *disktest.Disk) vfs.FS {
	t.Helper()
	m := vfs.NewMem()
	if err := m.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range d.Contents() {
		f, err := m.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		// Of a file of the new spool, megabytes of zeros for the most part, Pebble has the name.
		if spool.IsPebbleFile(filepath.Base(name)) {
			_, err = f.Write(data)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func imported(t *testing.T, d *disktest.Disk) (upgrade.Report, error) {
	t.Helper()
	return Import(t.Context(), Options{Dir: dir, FS: d, Pebble: forPebble(t, d)})
}

// mustHold opens the spool as the sidecar does and compares what it holds.
func mustHold(t *testing.T, d *disktest.Disk, want lines) {
	t.Helper()
	s, err := spool.Open(spool.Options{Dir: dir, FS: d})
	if err != nil {
		t.Errorf("opening the imported spool: %v", err)
		return
	}
	var got lines
	if err := s.Load(got.visitor()); err != nil {
		t.Errorf("loading the imported spool: %v", err)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestASpoolOfAnEarlierVersionIsImportedWhole(t *testing.T) {
	for _, name := range []string{"closed", "killed"} {
		t.Run(name, func(t *testing.T) {
			d, want := earlierSpool(t, name)
			create(t, d, "config.json", []byte("the sidecar's"))
			if _, err := spool.Open(spool.Options{Dir: dir, FS: d}); !errors.Is(err, spool.ErrEarlier) {
				t.Fatalf("without an import: %v", err)
			}
			r, err := imported(t, d)
			if err != nil {
				t.Fatal(err)
			}
			r.Bytes = 0
			if want := (upgrade.Report{Pending: 4, Batches: 4, DeadLetters: 1, EventIDs: 11, Tombstones: 2}); r != want {
				t.Errorf("reported %+v, want %+v", r, want)
			}
			after := d.Crashed(0, nil)
			mustHold(t, after, want)
			for name := range after.Contents() {
				if spool.IsPebbleFile(filepath.Base(name)) {
					t.Errorf("%s is still there", name)
				}
			}
			if string(after.Contents()[filepath.Join(dir, "config.json")]) != "the sidecar's" {
				t.Error("a file of somebody else's is gone")
			}
			if r, err := imported(t, after); err != nil || r != (upgrade.Report{}) {
				t.Errorf("once more: %+v, %v", r, err)
			}
		})
	}
}

// moment is a copy of a disk before an operation.
type moment struct {
	name string
	disk *disktest.Disk
}

// moments imports and copies the disk before each operation that changes it, or those
// of them whose numbers are taken.
func moments(t *testing.T, m moment, copied func(*disktest.Disk) *disktest.Disk, taken func(step int) bool) (all []moment) {
	t.Helper()
	step := 0
	m.disk.Before(func(op disktest.Op) error {
		if !op.Kind.Changes() {
			return nil
		}
		if taken(step) {
			name := fmt.Sprintf("%s before step %d, %s %s", m.name, step, op.Kind, op.Name)
			all = append(all, moment{name, copied(m.disk)})
		}
		step++
		return nil
	})
	if _, err := imported(t, m.disk); err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	m.disk.Before(nil)
	return all
}

func each(int) bool { return true }

func TestAnImportThatWasKilledOrLostItsPowerAtAnyStepBeginsAgainAndLosesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	crashed := func(d *disktest.Disk) *disktest.Disk { return d.Crashed(50, rng) }
	d, want := earlierSpool(t, "killed")
	killed := moments(t, moment{"killed", d.Killed()}, (*disktest.Disk).Killed, each)
	all := moments(t, moment{"without power", d.Killed()}, crashed, each)
	if len(all) < 25 || len(all) != len(killed) {
		t.Errorf("%d and %d moments", len(all), len(killed))
	}
	// Some of those that were killed lose their power while they begin again, each at steps
	// of its own.
	const nth = 4
	for n := 0; n < len(killed); n += nth {
		again := moment{killed[n].name + ", then without power", killed[n].disk.Killed()}
		all = append(all, moments(t, again, crashed, func(step int) bool { return step%nth == n/nth%nth })...)
	}
	for _, m := range append(all, killed...) {
		if _, err := imported(t, m.disk); err != nil {
			t.Errorf("importing: %v", err)
		}
		mustHold(t, m.disk, want)
		if t.Failed() {
			t.Fatal(m.name)
		}
	}
}

func TestAnErrorOfTheDiskAtAnyStepOfAnImportIsToldAndLosesNothing(t *testing.T) {
	broken := errors.New("input/output error")
	for fails := 1; ; fails++ {
		d, want := earlierSpool(t, "closed")
		n := 0 // operations that change the disk
		d.Before(func(op disktest.Op) error {
			if !op.Kind.Changes() {
				return nil
			}
			if n++; n >= fails {
				return broken
			}
			return nil
		})
		_, err := imported(t, d)
		d.Before(nil)
		if err != nil {
			if _, err := imported(t, d); err != nil {
				t.Fatalf("after operation %d failed: %v", fails, err)
			}
		}
		mustHold(t, d, want)
		if n < fails {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if t.Failed() {
			t.Fatalf("operation %d failed", fails)
		}
	}
}

func TestTwoSpoolsInOneDirectoryAreRefused(t *testing.T) {
	for name, use := range map[string]func(t *testing.T, s *spool.Spool){
		"one that was imported and used": func(t *testing.T, s *spool.Spool) {
			c := s.Begin()
			c.PutLane(0, spool.Lane{Next: 99})
			if err := s.AppendLazily(c); err != nil {
				t.Fatal(err)
			}
		},
		"one with a checkpoint of its own": func(t *testing.T, s *spool.Spool) {
			err := s.Checkpoint(t.Context(), func(add func(*spool.Change) error) error {
				c := s.Begin()
				c.PutLane(0, spool.Lane{Next: 99})
				return add(c)
			})
			if err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := earlierSpool(t, "closed")
			earlier := d.Killed()
			if _, err := imported(t, d); err != nil {
				t.Fatal(err)
			}
			s, err := spool.Open(spool.Options{Dir: dir, FS: d})
			if err != nil {
				t.Fatal(err)
			}
			use(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for path, data := range earlier.Contents() {
				create(t, d, filepath.Base(path), data)
			}
			before := len(d.Contents())
			if _, err := imported(t, d); err == nil || !strings.Contains(err.Error(), "two spools") {
				t.Errorf("error %v", err)
			}
			if len(d.Contents()) != before {
				t.Error("files were removed")
			}
		})
	}
}

func TestWhatPebbleCannotReadIsLeftAlone(t *testing.T) {
	d, _ := earlierSpool(t, "closed")
	for path := range d.Contents() {
		if isMarker(filepath.Base(path)) {
			if err := d.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := len(d.Contents())
	if _, err := imported(t, d); err == nil || !strings.Contains(err.Error(), "marker.manifest") {
		t.Errorf("error %v", err)
	}
	for path := range d.Contents() {
		if strings.HasSuffix(path, ".sst") {
			before--
		}
	}
	if before == len(d.Contents()) {
		t.Error("the tables were removed")
	}
}

func TestASpoolInUseIsNotImported(t *testing.T) {
	d, _ := earlierSpool(t, "closed")
	lock, err := d.Lock(filepath.Join(dir, lockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := imported(t, d); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("error %v", err)
	}
}
