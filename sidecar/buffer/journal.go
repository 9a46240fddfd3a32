package buffer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// journal is the spool on disk: entries that are changed atomically and in
// order. It alone knows Pebble.
type journal struct {
	db    *pebble.DB
	dir   string
	fs    *guardedFS
	fault *fault
}

// Pebble's memory: up to memTables times memTableBytes while a flush lags
// behind, one of them when it doesn't.
const (
	memTableBytes = 4 << 20
	memTables     = 4
	cacheBytes    = 1 << 20
	maxOpenFiles  = 64

	// maxManifestBytes lets Pebble begin a new manifest as often as it sees fit,
	// since manifests hold keys, see scrub.
	maxManifestBytes = 1
)

func openJournal(dir string, fs vfs.FS, onSync func(time.Duration)) (*journal, error) {
	f := newFault()
	guarded := &guardedFS{FS: fs, fault: f, onSync: onSync}
	o := &pebble.Options{
		FS:                          guarded,
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		Logger:                      quietLogger{f},
		MemTableSize:                memTableBytes,
		MemTableStopWritesThreshold: memTables,
		CacheSize:                   cacheBytes,
		MaxOpenFiles:                maxOpenFiles,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       32,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		MaxManifestFileSize:         maxManifestBytes,
	}
	// Most of it is written over within minutes; and what is to be found on
	// the disk can be found there.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	db, err := pebble.Open(dir, o)
	if err == nil && f.failed() {
		err = errors.Join(f.err, db.Close())
	}
	if err != nil {
		return nil, err
	}
	return &journal{db: db, dir: dir, fs: guarded, fault: f}, nil
}

// quietLogger drops Pebble's narration and takes its fatal errors for what they
// are, without ending the process in the middle of a call.
type quietLogger struct{ fault *fault }

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}

func (l quietLogger) Fatalf(format string, args ...any) {
	l.fault.set(fmt.Errorf(format, args...))
}

// change is a set of entries to be written atomically.
type change struct{ batch *pebble.Batch }

func (j *journal) begin() change { return change{j.db.NewBatch()} }

// put sets an entry; key and value are copied.
func (c change) put(key, value []byte) {
	op := c.batch.SetDeferred(len(key), len(value))
	copy(op.Key, key)
	copy(op.Value, value)
	finish(op)
}

// putPending is put for a key that is a string.
func (c change) putPending(key string, value []byte) {
	op := c.batch.SetDeferred(len(key), len(value))
	copy(op.Key, key)
	copy(op.Value, value)
	finish(op)
}

func (c change) delete(key []byte) {
	op := c.batch.DeleteDeferred(len(key))
	copy(op.Key, key)
	finish(op)
}

func (c change) deletePending(key string) {
	op := c.batch.DeleteDeferred(len(key))
	copy(op.Key, key)
	finish(op)
}

// deleteRange deletes the entries from key from up to, without, key to.
func (c change) deleteRange(from, to []byte) {
	op := c.batch.DeleteRangeDeferred(len(from), len(to))
	copy(op.Key, from)
	copy(op.Value, to)
	finish(op)
}

// finish can only fail for batches with an index, which change never has.
func finish(op *pebble.DeferredBatchOp) { _ = op.Finish() }

func (c change) empty() bool { return c.batch.Empty() }

// append writes c behind all earlier changes and returns before the disk has
// it. If it returns nil, wait must be called. Calls for the same key must not
// overlap.
func (j *journal) append(c change) error {
	if j.fault.failed() {
		return ErrFailed
	}
	if err := j.db.ApplyNoSyncWait(c.batch, pebble.Sync); err != nil {
		j.fault.set(err)
	}
	// After a fatal error in Apply the batch is in no log, so that waiting for
	// it would not end.
	if j.fault.failed() {
		return ErrFailed
	}
	return nil
}

// wait returns when the disk has c and everything before it.
func (j *journal) wait(c change) error {
	err := c.batch.SyncWait()
	if err != nil {
		j.fault.set(err)
	}
	// The fault is set before Pebble's own waiters are told, see guardedFS.
	if j.fault.failed() {
		return ErrFailed
	}
	return c.close()
}

// appendLazily writes c behind all earlier changes; the disk has it after the
// next change that is waited for, or after sync.
func (j *journal) appendLazily(c change) error {
	if j.fault.failed() {
		return ErrFailed
	}
	if err := j.db.Apply(c.batch, pebble.NoSync); err != nil {
		j.fault.set(err)
	}
	if j.fault.failed() {
		return ErrFailed
	}
	return c.close()
}

// barrier appends a change of nothing, to wait for what was appended before.
func (j *journal) barrier() (change, error) {
	c := j.begin()
	if err := c.batch.LogData(nil, nil); err != nil {
		return c, fmt.Errorf("syncing the spool: %w", err)
	}
	return c, j.append(c)
}

// sync returns when the disk has all that was appended.
func (j *journal) sync() error {
	c, err := j.barrier()
	if err != nil {
		return err
	}
	return j.wait(c)
}

// close gives c's memory back.
func (c change) close() error { return c.batch.Close() }

// get returns a copy of an entry's value, nil if there is none.
func (j *journal) get(key []byte) ([]byte, error) {
	value, closer, err := j.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value = append([]byte{}, value...)
	return value, closer.Close()
}

// each calls do for the entries from key from up to, without, key to.
func (j *journal) each(from, to []byte, do func(key, value []byte) error) (err error) {
	it, err := j.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := do(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}

// size is what the spool takes on disk, in bytes.
func (j *journal) size() int64 { return int64(j.db.Metrics().DiskSpaceUsage()) }

// reclaim rewrites the spool without what was deleted from it.
func (j *journal) reclaim(ctx context.Context) error {
	return j.db.Compact(ctx, []byte{0}, []byte{0xff}, false)
}

func (j *journal) close() error {
	if err := j.db.Close(); err != nil && !j.fault.failed() {
		return fmt.Errorf("closing the spool: %w", err)
	}
	return nil
}
