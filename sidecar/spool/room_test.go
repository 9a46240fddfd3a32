package spool

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/disktest"
)

// churn changes a spool as a buffer does, and knows what is of use in it.
type churn struct {
	t       *testing.T
	s       *Spool
	rng     *rand.Rand
	records map[int]*Pending
	batches map[uint64]EncodedBatch
	frozen  []uint64 // numbers in batches, rising
	next    uint64

	bytes int64 // that a checkpoint of all takes, less a few
	most  int64 // of bytes, since the last checkpoint began
	ratio float64
	// measure returns what the spool takes on the disk.
	measure func() int64
}

// spare is what a spool may take beside its entries: a segment that is written, one
// that is ready, and one that a checkpoint began, or the log before one is worth it.
const spare = 3 * 4 << 20

// check compares what the spool takes with what is of use.
func (u *churn) check() {
	u.t.Helper()
	u.most = max(u.most, u.bytes)
	used := u.measure()
	if used > 3*u.most+spare {
		u.t.Fatalf("it takes %d bytes on the disk, for %d of use", used, u.most)
	}
	if u.most > spare {
		u.ratio = max(u.ratio, float64(used-spare)/float64(u.most))
	}
}

// append appends a change, which adds so many bytes to what is of use, and makes a
// checkpoint where one is due.
func (u *churn) append(c *Change, bytes int64, sync bool) {
	u.t.Helper()
	u.bytes += bytes
	err := u.s.AppendLazily(c)
	if sync && err == nil {
		err = u.s.Sync()
	}
	if err == nil && u.s.CheckpointDue() {
		err = u.checkpoint()
	}
	if err != nil {
		u.t.Fatal(err)
	}
	if sync {
		u.check()
	}
}

func (u *churn) checkpoint() error {
	began := u.bytes
	err := u.s.Checkpoint(u.t.Context(), func(add func(*Change) error) error {
		c := u.s.Begin()
		c.PutFormat(Format{Lanes: 2, Writer: uuid.UUID{1}})
		for n, p := range u.records {
			key, _ := heartbeat(n)
			c.PutPending(key, p)
			if c.Len() < 20_000 {
				continue
			}
			if err := add(c); err != nil {
				return err
			}
			c = u.s.Begin()
			u.check()
		}
		for number, b := range u.batches {
			c.PutBatch(0, number, b)
			c.PutKept(0, number, Kept{Prev: number - 1, At: 1, Bytes: int64(len(b))})
		}
		return add(c)
	})
	u.check()
	u.most = began
	return err
}

// put writes records, new ones or over earlier ones.
func (u *churn) put(numbers []int) {
	c := u.s.Begin()
	var added int64
	for _, n := range numbers {
		key, p := heartbeat(n)
		before := c.Len()
		c.PutPending(key, p)
		if u.records[n] == nil {
			added += int64(c.Len() - before)
		}
		u.records[n] = p
	}
	u.append(c, added, false)
}

// size is what a record takes.
func (u *churn) size(n int) (bytes int64) {
	c := u.s.Begin()
	defer u.s.end(c)
	key, p := heartbeat(n)
	c.PutPending(key, p)
	return int64(c.Len())
}

// freeze makes a batch of some records, and confirms it.
func (u *churn) freeze(numbers []int) {
	c := u.s.Begin()
	b := Batch{Oldest: 1}
	var gone int64
	for _, n := range numbers {
		if u.records[n] == nil {
			continue
		}
		gone += u.size(n)
		key, p := heartbeat(n)
		c.DeletePending(key)
		b.Records = append(b.Records, p.Record)
		delete(u.records, n)
	}
	u.next++
	encoded := EncodeBatch(b)
	before := c.Len()
	c.PutBatch(0, u.next, encoded)
	c.PutKept(0, u.next, Kept{Prev: u.next - 1, At: progress.Instant(u.next), Bytes: int64(len(encoded))})
	u.batches[u.next], u.frozen = encoded, append(u.frozen, u.next)
	u.append(c, int64(c.Len()-before)-gone, true)
}

// forget drops the oldest batches that are kept, all but so many.
func (u *churn) forget(keep int) {
	c := u.s.Begin()
	var gone int64
	for ; len(u.frozen) > keep; u.frozen = u.frozen[1:] {
		number := u.frozen[0]
		gone += int64(len(u.batches[number]))
		c.DeleteBatch(0, number)
		c.DeleteKept(0, number)
		delete(u.batches, number)
	}
	u.append(c, -gone, true)
	u.most = u.bytes // the bound follows what is dropped at once
}

// erase removes a learner, with the checkpoint that this asks for.
func (u *churn) erase(n int) {
	if u.records[n] == nil {
		return
	}
	c := u.s.Begin()
	key, _ := heartbeat(n)
	c.DeletePending(key)
	c.PutTombstone(LearnerID{byte(n), byte(n >> 8)}, Tombstone{At: 1})
	gone := u.size(n)
	delete(u.records, n)
	u.append(c, -gone, true)
	if err := u.checkpoint(); err != nil {
		u.t.Fatal(err)
	}
}

// some are numbers of records, at random.
func (u *churn) some(count, of int) []int {
	numbers := make([]int, count)
	for i := range numbers {
		numbers[i] = u.rng.IntN(of)
	}
	return numbers
}

// TestTheDiskIsUsedForThreeTimesTheEntriesAtMost counts what files have of the disk,
// and not what is written to them: the same keys again and again, batches that are
// kept and forgotten, and learners who are erased.
func TestTheDiskIsUsedForThreeTimesTheEntriesAtMost(t *testing.T) {
	for name, begin := range map[string]func(*testing.T) (disk.FS, string, func() int64){
		"in memory":     inMemory,
		"on a real one": onARealOne,
	} {
		t.Run(name, func(t *testing.T) {
			const keys = 60_000
			fs, dir, measure := begin(t)
			s, err := Open(Options{Dir: dir, FS: fs})
			if err != nil {
				t.Fatal(err)
			}
			u := &churn{
				t: t, s: s, rng: rand.New(rand.NewPCG(1, 1)), records: map[int]*Pending{}, batches: map[uint64]EncodedBatch{},
				measure: measure,
			}
			c := s.Begin()
			c.PutFormat(Format{Lanes: 2, Writer: uuid.UUID{1}})
			u.append(c, int64(c.Len()), true)
			for n := 0; n < keys; n += 100 {
				numbers := make([]int, 100)
				for i := range numbers {
					numbers[i] = n + i
				}
				u.put(numbers)
			}
			for round := range 1500 {
				u.put(u.some(240, keys))
				switch {
				case round%20 == 7:
					u.freeze(u.some(500, keys))
				case round%200 == 150:
					u.forget(3)
				case round%1000 == 750:
					u.erase(u.rng.IntN(keys))
				case round%10 == 0:
					u.check()
				}
			}
			// Nothing comes any more, and all is written to the database and forgotten.
			for n := 0; n < keys; n += 500 {
				numbers := make([]int, 500)
				for i := range numbers {
					numbers[i] = n + i
				}
				u.freeze(numbers)
			}
			u.forget(0)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			t.Logf("three segments and %.2f times the entries", u.ratio)
			if u.ratio < 1 {
				t.Error("it was never measured with what it holds")
			}
			if used := u.measure(); used > spare {
				t.Errorf("%d bytes are left of nothing", used)
			}
		})
	}
}

func inMemory(*testing.T) (disk.FS, string, func() int64) {
	const room = 1 << 40
	d := disktest.New()
	d.Limit(room)
	return d, dir, func() int64 {
		free, _ := d.FreeBytes(dir)
		return room - int64(free)
	}
}

// onARealOne counts blocks, as du does.
func onARealOne(t *testing.T) (disk.FS, string, func() int64) {
	dir := t.TempDir()
	return disk.OS{}, dir, func() (used int64) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			var s syscall.Stat_t
			err := syscall.Stat(filepath.Join(dir, e.Name()), &s)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			used += s.Blocks * 512
		}
		return used
	}
}
