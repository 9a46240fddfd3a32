package journal

import (
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// Open opens the journal in o.Dir, or creates it, and calls apply for the changes
// that it holds, in their order: whole frames, of one or more changes each. The
// bytes are good until apply returns.
//
// The error is a DamageError if a file can't be read, and wraps apply's.
func Open(o Options, apply func(changes []byte) error) (*Journal, error) {
	j, err := open(o, apply)
	if err != nil {
		return nil, fmt.Errorf("opening the spool %s: %w", o.Dir, err)
	}
	return j, nil
}

func open(o Options, apply func(changes []byte) error) (*Journal, error) {
	if err := o.FS.MkdirAll(o.Dir); err != nil {
		return nil, fmt.Errorf("making it: %w", err)
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = usualSegment
	}
	f := newFiles(o.FS, o.Dir)
	lock, err := o.FS.Lock(f.path(lockFile))
	if err != nil {
		return nil, fmt.Errorf("locking it: %w", err)
	}
	j := &Journal{
		files: f, fault: newFault(), lock: lock, queue: newQueue(), lead: make(chan struct{}, 1),
		log: &log{files: f, usual: o.SegmentBytes, onSync: o.OnSync},
	}
	j.size.floor = o.SegmentBytes
	if err := j.load(apply); err != nil {
		return nil, errors.Join(err, j.log.close(), lock.Close())
	}
	j.queue.begin(j.log.left(), j.log.spareRoom())
	return j, nil
}

// load replays what there is, removes what doesn't count, and makes the log
// ready.
func (j *Journal) load(apply func(changes []byte) error) error {
	names, err := j.files.fs.List(j.files.dir)
	if err != nil {
		return fmt.Errorf("listing its files: %w", err)
	}
	there := find(names)
	r := &replay{files: j.files, apply: apply}
	last, err := r.run(there)
	if err != nil {
		return err
	}
	j.log.sequence = r.sequence
	if last != nil {
		j.log.file, j.log.header, j.log.size, j.log.end = last.file, last.header, last.size, last.at
		if err := keep(last); err != nil {
			return err
		}
	}
	j.size.checkpoint.Store(r.checkpointed)
	j.size.written.Store(r.logged)
	j.size.replayed.Store(r.logged > 0)
	if err := j.removeLeftovers(there); err != nil {
		return err
	}
	if err := j.log.prepare(0); err != nil || last != nil {
		return ignoreFull(err)
	}
	if err := j.log.rotate(); err != nil {
		return err
	}
	return ignoreFull(j.log.prepare(0))
}

// removeLeftovers removes files that were not finished or have been replaced.
func (j *Journal) removeLeftovers(there found) error {
	// An earlier process may have been killed before it synced the names that
	// it gave. Only once these are on the disk are the files needless that they
	// stand for.
	if err := j.files.sync(); err != nil {
		return fmt.Errorf("syncing its names: %w", err)
	}
	gone := there.unfinished
	for _, number := range there.segments {
		if number < there.first() {
			gone = append(gone, segmentKind.name(number))
		}
	}
	for _, number := range there.checkpoints {
		if number < there.first() {
			gone = append(gone, checkpointKind.name(number))
		}
	}
	for _, name := range gone {
		if err := j.files.remove(name); err != nil {
			return fmt.Errorf("removing what is left over: %w", err)
		}
	}
	return nil
}

// ignoreFull drops the error that says that the disk is full: what the journal
// has can be read, and Append says it when there is no room.
func ignoreFull(err error) error {
	if disk.IsFull(err) {
		return nil
	}
	return err
}
