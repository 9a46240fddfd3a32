package spool

import (
	"context"
	"errors"
	"hash/crc32"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/spool/journal"
)

// Options of Open.
type Options struct {
	// Dir is the spool's directory; it is made if it doesn't exist.
	Dir string
	// FS holds Dir; nil for the operating system's.
	FS disk.FS
	// OnSync, if not nil, is told how long each sync of the log took. It must
	// return quickly.
	OnSync func(time.Duration)
	// Import is called when Dir holds a spool of an earlier version, and replaces
	// it by one that Open can read, see package upgrade; nil fails with ErrEarlier.
	Import func(dir string) error
}

// Spool is the entries on disk. Its methods may be called concurrently, but for
// Load and Close.
type Spool struct {
	journal  *journal.Journal
	contents *contents // nil after Load
	batches  batchSizes
	changes  sync.Pool // of *Change
}

var (
	// ErrFailed refuses every call after an error of the disk. It is final:
	// what is on disk is only known after a restart.
	ErrFailed = journal.ErrFailed
	// ErrNoSpace refuses a change, or a checkpoint, for which the disk has no room.
	// Nothing of it is written.
	ErrNoSpace = journal.ErrNoSpace
)

// Open opens the spool in o.Dir, or creates it. Load must follow. An error says
// which file and, by its place or checksum, which entry cannot be read.
func Open(o Options) (*Spool, error) {
	if o.FS == nil {
		o.FS = disk.OS{}
	}
	if err := importEarlier(o); err != nil {
		return nil, err
	}
	s := &Spool{contents: newContents()}
	s.batches.bytes = map[batchName]int64{}
	s.changes.New = func() any {
		return &Change{batches: &s.batches, ops: make([]byte, 0, usualChange), scratch: make([]byte, 0, usualChange)}
	}
	var err error
	s.journal, err = journal.Open(journal.Options{Dir: o.Dir, FS: o.FS, OnSync: o.OnSync}, s.contents.apply)
	if err != nil {
		return nil, err
	}
	if err := putFence(o); err != nil {
		return nil, errors.Join(err, s.journal.Close())
	}
	return s, nil
}

// Load passes the entries that the spool held when it was opened to v, and
// forgets them. It is called once.
func (s *Spool) Load(v Visitor) error {
	batch := v.Batch
	v.Batch = func(lane int, number uint64, b EncodedBatch) error {
		s.batches.set(lane, number, int64(len(b)))
		return batch(lane, number, b)
	}
	err := s.contents.visit(&v)
	s.contents = nil
	return err
}

// Begin begins a change.
func (s *Spool) Begin() *Change { return s.changes.Get().(*Change) }

func (s *Spool) end(c *Change) {
	c.reset()
	s.changes.Put(c)
}

// Append writes c behind all earlier changes and returns before the disk has it.
// If it returns nil, Wait must be called; an empty change stands for all earlier
// ones. Errors are ErrFailed, and ErrNoSpace, after which c can be appended again.
func (s *Spool) Append(c *Change) error {
	ticket, err := s.journal.Append(c.ops)
	if err != nil {
		return err
	}
	s.journal.Dropped(c.dropped)
	c.ticket = ticket
	return nil
}

// Wait returns when the disk has c and everything before it. c must not be used
// any more. The error is ErrFailed.
func (s *Spool) Wait(c *Change) error {
	ticket := c.ticket
	s.end(c)
	return s.journal.Wait(ticket)
}

// AppendLazily is Append for a change that nobody waits for: the disk has it after
// the next one that is waited for, or after Sync. After nil, c must not be used any
// more.
func (s *Spool) AppendLazily(c *Change) error {
	if err := s.Append(c); err != nil {
		return err
	}
	s.end(c)
	return nil
}

// Sync returns when the disk has all that was appended. The error is ErrFailed.
func (s *Spool) Sync() error { return s.journal.Sync() }

// Checkpoint writes all entries, which state adds by changes, and removes
// the files from before the call. When it returns without error, no file of the
// spool holds an entry that was deleted or replaced before the call.
//
// Changes may be appended meanwhile. state must read each entry as it is at a
// moment when no change of it is half done: under the lock that is held while the
// entry is changed in memory and the change is appended. Different entries may be
// of different moments. A change that was passed to add must not be used any more.
//
// Errors are ErrFailed, ErrNoSpace, and those of ctx and state; after all but the
// first the spool goes on as if it had not been called.
func (s *Spool) Checkpoint(ctx context.Context, state func(add func(*Change) error) error) error {
	return s.journal.Checkpoint(ctx, func(add func([]byte) error) error {
		return state(func(c *Change) error {
			if c.Empty() {
				return nil
			}
			err := add(c.ops)
			s.end(c)
			return err
		})
	})
}

// CheckpointDue reports whether a checkpoint is worth it: the log is longer than
// what it stands for, or is from before Open.
func (s *Spool) CheckpointDue() bool { return s.journal.CheckpointDue() }

// Size is what the spool takes on the disk, in bytes.
func (s *Spool) Size() int64 { return s.journal.Size() }

// Growth is what the next checkpoint may take beside Size, in bytes. With less on
// the disk no checkpoint may succeed, and the log grows until it is full.
func (s *Spool) Growth() int64 { return s.journal.Growth() }

// Short reports whether the disk was found full when the log's next file was to be
// made. What is left takes small changes only, so updates should be refused.
func (s *Spool) Short() bool { return s.journal.Short() }

// Fail makes err final, as an error of the disk is: for a caller that has already
// done in memory what Append refused with ErrNoSpace.
func (s *Spool) Fail(err error) { s.journal.Fail(err) }

// Failed is closed after an error of the disk, see ErrFailed and Fault.
func (s *Spool) Failed() <-chan struct{} { return s.journal.Failed() }

// Fault is the error of the disk that closed Failed, nil before.
func (s *Spool) Fault() error { return s.journal.Fault() }

// Close writes what was appended and closes the spool. It must not overlap with
// other calls.
func (s *Spool) Close() error { return s.journal.Close() }

// checksum tells apart in an error names that must not be shown.
func checksum(name string) uint32 {
	return crc32.Checksum([]byte(name), crc32.MakeTable(crc32.Castagnoli))
}
