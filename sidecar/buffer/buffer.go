package buffer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options of Open.
type Options struct {
	// Dir is the spool's directory; it is made if it doesn't exist.
	Dir string
	// FS holds Dir; nil for the operating system's.
	FS vfs.FS
	// Now is the clock; nil for time.Now.
	Now    func() time.Time
	Policy Policy
	// FreeBytes asks how much the file system that holds dir has left; nil for
	// FS's own answer.
	FreeBytes func(dir string) (uint64, error)
	// OnSync, if not nil, is told how long each sync of the journal took. It
	// must return quickly.
	OnSync func(time.Duration)
}

// Buffer holds what was accepted and is not saved. Its methods may be called
// concurrently; Freeze, Confirm, Split and Quarantine of one lane are meant to
// be called by one goroutine.
type Buffer struct {
	*state

	clock  *clock
	policy atomic.Pointer[Policy]
	// freeBytes asks how much the file system has left.
	freeBytes func() (uint64, error)

	space space

	scrubWanted atomic.Int64 // how often there was something to scrub
	scrubbing   sync.Mutex
	scrubbed    int64

	saved broadcast // sent when a record was saved, quarantined or erased

	// closing is locked for reading by calls that use the journal, and by Close.
	closing sync.RWMutex
	closed  bool
	calls   sync.Pool     // of *call
	written chan struct{} // signalled by writes that nobody waits for
	stop    context.CancelFunc
	owned   sync.WaitGroup
}

// lanesOfNewSpool is fixed in a spool when it is created.
const lanesOfNewSpool = 2

// Open opens the spool in o.Dir, or creates it, and loads what it holds. An
// error names the entry that cannot be read.
func Open(o Options) (*Buffer, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FreeBytes == nil {
		o.FreeBytes = func(dir string) (uint64, error) {
			usage, err := o.FS.GetDiskUsage(dir)
			return usage.AvailBytes, err
		}
	}
	j, err := openJournal(o.Dir, o.FS, o.OnSync)
	if err != nil {
		return nil, fmt.Errorf("opening the spool %s: %w", o.Dir, err)
	}
	b := &Buffer{
		state:     newState(j),
		clock:     newClock(o.Now),
		saved:     newBroadcast(),
		space:     newSpace(),
		written:   make(chan struct{}, 1),
		freeBytes: func() (uint64, error) { return o.FreeBytes(o.Dir) },
	}
	b.calls.New = func() any { return new(call) }
	b.policy.Store(&o.Policy)
	if err := b.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("loading the spool %s: %w", o.Dir, err), j.close())
	}
	b.measure()
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.owned.Go(func() { b.housekeep(ctx) })
	b.owned.Go(func() { b.syncLazily(ctx) })
	return b, nil
}

// Close ends the buffer's goroutines and closes the spool; what was
// acknowledged stays in it. Calls that run are waited for.
func (b *Buffer) Close() error {
	b.closing.Lock()
	if b.closed {
		b.closing.Unlock()
		return nil
	}
	b.closed = true
	b.closing.Unlock()
	b.stop()
	b.owned.Wait()
	// A spool that failed is left as it is; a healthy one gets all of it.
	err := b.journal.sync()
	if errors.Is(err, ErrFailed) {
		err = nil
	}
	return errors.Join(err, b.journal.close())
}

// SetPolicy replaces the policy at once.
func (b *Buffer) SetPolicy(p Policy) {
	b.policy.Store(&p)
	for _, l := range b.lanes {
		l.mu.Lock()
		l.pending.order.keepQuiet(p.QuietPeriod > 0)
		l.mu.Unlock()
		l.signal()
	}
	b.space.checkSoon()
}

// Writer is the id of this spool, a random UUID.
func (b *Buffer) Writer() string { return b.format.writer.String() }

// Lanes is the number of lanes, fixed when the spool was created.
func (b *Buffer) Lanes() int { return len(b.lanes) }

// Failed is closed after an error of the disk, see ErrFailed and Fault.
func (b *Buffer) Failed() <-chan struct{} { return b.journal.fault.done }

// Fault is the error of the disk that closed Failed, nil before.
func (b *Buffer) Fault() error {
	if !b.journal.fault.failed() {
		return nil
	}
	return b.journal.fault.err
}

// write runs decide with the lanes in the set locked, as state.append says, and
// returns when the disk has what it changed.
func (b *Buffer) write(set laneSet, decide func(c change) error) error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	c, err := b.append(set, decide)
	if err != nil || c.empty() {
		return err
	}
	return b.journal.wait(c)
}

// enter must be followed by leave, unless it returns an error.
func (b *Buffer) enter() error {
	b.closing.RLock()
	switch {
	case b.closed:
		b.closing.RUnlock()
		return ErrClosed
	case b.journal.fault.failed():
		b.closing.RUnlock()
		return ErrFailed
	}
	return nil
}

func (b *Buffer) leave() { b.closing.RUnlock() }
