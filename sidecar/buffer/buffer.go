package buffer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/spool"
	"github.com/progress-sync/progress-sync/sidecar/spool/disk"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// Options of Open.
type Options struct {
	// Dir is the spool's directory; it is made if it doesn't exist.
	Dir string
	// FS holds Dir; nil for the operating system's.
	FS disk.FS
	// Now is the clock; nil for time.Now.
	Now    func() time.Time
	Policy Policy
	// FreeBytes asks how much the file system that holds dir has left; nil for
	// FS's own answer.
	FreeBytes func(dir string) (uint64, error)
	// OnSync, if not nil, is told how long each sync of the spool's log took. It
	// must return quickly.
	OnSync func(time.Duration)
	// OnTaken, if not nil, is told how many strays have become this buffer's own, and
	// how many of them were merged into a record that was there already. It must return
	// quickly.
	OnTaken func(strays, merged int)
	// OnMerged, if not nil, is told of each update that is merged while the policy has
	// variants: its terms and the number of its learner. It must return quickly.
	OnMerged func(terms *timing.Terms, learner uint64)
	// OnFinal, if not nil, is told of each key that has fallen silent how long its last
	// update took to be saved. It must return quickly.
	OnFinal func(terms *timing.Terms, lag time.Duration)
	// Import replaces a spool of an earlier version by one that can be opened; nil
	// to refuse it, see spool.Options.
	Import func(dir string) error
}

// Buffer holds what was accepted and is not saved. Its methods may be called
// concurrently; those that freeze, confirm or replace batches of one lane are
// meant to be called by one goroutine.
type Buffer struct {
	*core
	intake
	unsaved
	due
	batches
	strays
	eventIDs
	deadLetters
	erasures
	housekeeper

	stop  context.CancelFunc
	owned sync.WaitGroup
}

// Open opens the spool in o.Dir, or creates it, and loads what it holds. An
// error names the entry that cannot be read.
func Open(o Options) (*Buffer, error) {
	if o.FS == nil {
		o.FS = disk.OS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FreeBytes == nil {
		o.FreeBytes = o.FS.FreeBytes
	}
	from, err := spool.Open(spool.Options{Dir: o.Dir, FS: o.FS, OnSync: o.OnSync, Import: o.Import})
	if err != nil {
		return nil, err
	}
	c := &core{clock: newClock(o.Now), space: newSpace(), checkpoints: newCheckpoints(), saved: newBroadcast(), written: make(chan struct{}, 1)}
	o.Policy.Terms = orAtOnce(o.Policy.Terms)
	c.policy.Store(&o.Policy)
	if c.state, err = load(from, c.clock.read(), &o.Policy); err != nil {
		return nil, errors.Join(fmt.Errorf("loading the spool %s: %w", o.Dir, err), from.Close())
	}
	c.listener = listener{merged: o.OnMerged, final: o.OnFinal}
	b := &Buffer{
		core: c, intake: newIntake(c), unsaved: unsaved{c}, due: due{c}, batches: batches{c},
		strays: strays{c, o.OnTaken}, eventIDs: eventIDs{c}, deadLetters: deadLetters{c}, erasures: erasures{c},
		housekeeper: housekeeper{c, func() (uint64, error) { return o.FreeBytes(o.Dir) }},
	}
	b.measure()
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.owned.Go(func() { b.housekeep(ctx) })
	b.owned.Go(func() { b.keepCheckpoints(ctx) })
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
	return b.spool.Close()
}

// SetPolicy replaces the policy at once; windows that are open go by its terms.
func (b *Buffer) SetPolicy(p Policy) {
	p.Terms = orAtOnce(p.Terms)
	set := b.lanes.lock(b.lanes.all())
	b.policy.Store(&p)
	for _, l := range b.lanes {
		l.pending.order.reorder(p.Terms)
	}
	b.lanes.unlock(set)
	for _, l := range b.lanes {
		l.signal()
	}
	b.measure()
}

// SetStretch multiplies all intervals, at once; 1 leaves them as they are. The factor
// must be positive.
func (b *Buffer) SetStretch(factor float64) {
	b.stretch.set(factor)
	for _, l := range b.lanes {
		l.signal()
	}
}

// orAtOnce is the table, or one by which everything is due at once.
func orAtOnce(t *timing.Table) *timing.Table {
	if t == nil {
		return timing.Only(timing.Terms{}, 0)
	}
	return t
}

// Writer is the id of this spool, a random UUID.
func (b *Buffer) Writer() string { return b.format.Writer.String() }

// Lanes is the number of lanes, fixed when the spool was created.
func (b *Buffer) Lanes() int { return len(b.lanes) }

// Failed is closed after an error of the disk, see ErrFailed and Fault.
func (b *Buffer) Failed() <-chan struct{} { return b.spool.Failed() }

// Fault is the error of the disk that closed Failed, nil before.
func (b *Buffer) Fault() error { return b.spool.Fault() }
