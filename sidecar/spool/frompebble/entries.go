package frompebble

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/upgrade"
)

// Kinds of entries that Pebble has and a spool hasn't: a dead letter's key by its
// id, and that there are files to be scrubbed.
const (
	deadLetterID = 'i'
	toScrub      = 'x'
)

// Pebble's share of a container's memory, which the sidecar has reckoned without.
const (
	cacheBytes   = 1 << 20
	maxOpenFiles = 64
)

// portion is the size of the changes that are copied at once, in bytes.
const portion = 64 << 10

// copyEntries makes the entries in Pebble the checkpoint of a spool.
func copyEntries(ctx context.Context, o Options) (r upgrade.Report, err error) {
	to, err := open(o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	db, err := pebble.Open(o.Dir, &pebble.Options{
		FS: readable{o.Pebble}, ReadOnly: true, ErrorIfNotExists: true, Logger: quiet{},
		CacheSize: cacheBytes, MaxOpenFiles: maxOpenFiles,
	})
	if err != nil {
		return r, fmt.Errorf("opening it with Pebble: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	entries, err := db.NewIter(nil)
	if err != nil {
		return r, fmt.Errorf("reading it with Pebble: %w", err)
	}
	defer func() { err = errors.Join(err, entries.Close()) }()
	return r, to.Checkpoint(ctx, func(add func(*spool.Change) error) error {
		c := to.Begin()
		c.PutImported()
		for entries.First(); entries.Valid(); entries.Next() {
			value, err := entries.ValueAndErr()
			if err != nil {
				return fmt.Errorf("reading it with Pebble: %w", err)
			}
			if !tally(&r, entries.Key(), value) {
				continue
			}
			c.PutEntry(entries.Key(), value)
			if c.Len() < portion {
				continue
			}
			if err := add(c); err != nil {
				return err
			}
			c = to.Begin()
		}
		return errors.Join(entries.Error(), add(c))
	})
}

// tally counts an entry and reports whether it is to be copied.
func tally(r *upgrade.Report, name, value []byte) bool {
	switch name[0] {
	case deadLetterID, toScrub:
		return false
	case 'p':
		r.Pending++
	case 'b':
		r.Batches++
	case 'd':
		r.DeadLetters++
	case 'e':
		r.EventIDs++
	case 't':
		r.Tombstones++
	}
	r.Bytes += int64(len(name) + len(value))
	return true
}

// count loads a spool, which reads all of it, and counts.
func count(s *spool.Spool) (r upgrade.Report, err error) {
	err = s.Load(spool.Visitor{
		Format: func(spool.Format) error { return nil },
		Event:  func(int, progress.Instant, spool.EventID, spool.EventKind) error { r.EventIDs++; return nil },
		Lane:   func(int, spool.Lane) error { return nil },
		Batch: func(lane int, number uint64, b spool.EncodedBatch) error {
			r.Batches++
			if _, err := b.Decode(); err != nil {
				return fmt.Errorf("batch %d of lane %d cannot be read: %w", number, lane, err)
			}
			return nil
		},
		Kept:           func(int, uint64, spool.Kept) error { return nil },
		DeadLetter:     func(spool.Key, spool.DeadLetter) error { r.DeadLetters++; return nil },
		LastDeadLetter: func(uint64) error { return nil },
		Tombstone:      func(spool.LearnerID, spool.Tombstone) error { r.Tombstones++; return nil },
		Pending:        func(spool.Key, *spool.Pending) error { r.Pending++; return nil },
		// No version that wrote with Pebble knows these.
		Sender: func(spool.SenderID, spool.Sender) error { return nil },
		Stray:  func(spool.Stray) error { return nil },
	})
	return r, err
}

// readable is a file system for a caller that has the lock already.
type readable struct{ vfs.FS }

// Lock implements vfs.FS.
func (readable) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// quiet drops Pebble's narration.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}

// Fatalf is called where Pebble can't go on at all. Nothing has been removed then.
func (quiet) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
