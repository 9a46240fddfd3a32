package journal

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
)

// lockFile is locked while a journal is open.
const lockFile = "LOCK"

// Options of Open.
type Options struct {
	// Dir is the journal's directory; it is made if it doesn't exist. Files in it
	// that are not the journal's are left alone.
	Dir string
	FS  disk.FS
	// SegmentBytes is a segment's room on the disk, unless a change is larger; 0
	// for 4 MiB.
	SegmentBytes int64
	// OnSync, if not nil, is told how long each sync of the log took. It must
	// return quickly.
	OnSync func(time.Duration)
}

// Journal is a log of changes and a checkpoint. Its methods may be called
// concurrently.
type Journal struct {
	files *files
	fault *fault
	lock  io.Closer
	queue *queue
	size  sizes

	// lead holds a token while somebody uses the log.
	lead chan struct{}
	log  *log

	checkpoints sync.Mutex // held while one is made
}

// Ticket stands for a change that was appended.
type Ticket struct{ group *group }

// Append takes a change behind all earlier ones and returns before the disk has
// it. An empty change stands for all earlier ones. After ErrNoSpace nothing is
// taken; the only other error is ErrFailed.
func (j *Journal) Append(change []byte) (Ticket, error) {
	if len(change) > maxFrame {
		return Ticket{}, fmt.Errorf("a change of %d bytes: %w", len(change), ErrNoSpace)
	}
	for {
		if j.fault.failed() {
			return Ticket{}, ErrFailed
		}
		if g := j.queue.add(change); g != nil {
			return Ticket{g}, nil
		}
		if err := j.makeRoom(len(change)); err != nil {
			return Ticket{}, err
		}
	}
}

// makeRoom writes what was gathered, and prepares a next segment for a change
// that doesn't fit even then.
func (j *Journal) makeRoom(change int) error {
	j.lead <- struct{}{}
	defer func() { <-j.lead }()
	if err := j.commit(); err != nil {
		return err
	}
	if j.queue.fits(change) {
		return nil
	}
	return j.prepare(frameSize(change))
}

// Wait returns when the disk has the change and everything before it. Its error
// is ErrFailed.
func (j *Journal) Wait(t Ticket) error {
	select {
	case <-t.group.done:
	case <-j.fault.done:
	case j.lead <- struct{}{}:
		err := j.commitFor(t.group)
		<-j.lead
		if err != nil {
			return err
		}
	}
	if j.fault.failed() {
		return ErrFailed
	}
	return nil
}

// commitFor writes the group, unless somebody else has done so. The caller leads.
func (j *Journal) commitFor(g *group) error {
	select {
	case <-g.done:
		return nil
	default:
	}
	// Whoever was told that the last group is on the disk is about to append
	// again: with them the group is twice as large.
	runtime.Gosched()
	return j.commit()
}

// commit writes what was gathered and returns when the disk has it. The caller
// leads.
func (j *Journal) commit() error {
	if j.fault.failed() {
		return ErrFailed
	}
	g, rotate := j.queue.take()
	if g == nil {
		return nil
	}
	if rotate {
		if err := j.advance(); err != nil {
			return err
		}
	}
	if err := j.log.write(g.frame); err != nil {
		return j.fault.take("committing changes", err)
	}
	j.size.written.Add(g.sizeWith(0))
	j.queue.written(g)
	return nil
}

// advance goes on in the next segment, which is prepared, and prepares the one
// after it. The caller leads.
func (j *Journal) advance() error {
	if err := j.log.rotate(); err != nil {
		return j.fault.take("going on in the next log", err)
	}
	return j.tryPrepare()
}

// tryPrepare prepares the next segment if there is room; without, Append says so
// when it needs it. The caller leads.
func (j *Journal) tryPrepare() error {
	if err := j.prepare(0); err != nil && !errors.Is(err, ErrNoSpace) {
		return err
	}
	return nil
}

// refill is tryPrepare for others.
func (j *Journal) refill() error {
	j.lead <- struct{}{}
	defer func() { <-j.lead }()
	return j.tryPrepare()
}

// prepare prepares the next segment. The caller leads.
func (j *Journal) prepare(frame int64) error {
	if j.fault.failed() {
		return ErrFailed
	}
	err := j.log.prepare(frame)
	j.queue.refill(j.log.spareRoom())
	j.size.short.Store(j.log.spare == nil)
	if err != nil {
		return j.fault.judge("making room", err)
	}
	return nil
}

// Sync returns when the disk has all that was appended.
func (j *Journal) Sync() error {
	t, err := j.Append(nil)
	if err != nil {
		return err
	}
	return j.Wait(t)
}

// Failed is closed after an error of the disk, see Fault.
func (j *Journal) Failed() <-chan struct{} { return j.fault.done }

// Fault is the error of the disk that closed Failed, nil before.
func (j *Journal) Fault() error {
	if !j.fault.failed() {
		return nil
	}
	return j.fault.err
}

// Fail makes err final, as an error of the disk is: for a caller that can't go on
// after ErrNoSpace.
func (j *Journal) Fail(err error) { _ = j.fault.take("giving up", err) }

// Close writes what was appended, closes the files and gives the directory up.
// It must not overlap with other calls. A journal that failed is left as it is.
func (j *Journal) Close() error {
	err := j.Sync()
	failed := errors.Is(err, ErrFailed)
	err = errors.Join(err, j.log.close(), j.lock.Close())
	if err != nil && !failed {
		return fmt.Errorf("closing the spool: %w", err)
	}
	return nil
}
