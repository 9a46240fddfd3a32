package buffer

import (
	"context"
	"sync"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// Result is what became of one update or reset.
type Result struct {
	// Record is what the buffer now holds of the key: pending and frozen
	// records merged.
	Record progress.Record
	// Duplicate says that an update with this EventID was accepted before and
	// this one was not merged again. Record is then zero but for its key when
	// all of it is saved.
	Duplicate bool
	// Err is nil, ErrFull, ErrRange or ErrErased; the update was refused then and the
	// others of the call are not affected.
	Err error
}

// intake is the part of a Buffer that takes updates and resets.
type intake struct {
	*core
	calls sync.Pool // of *call
}

func newIntake(c *core) intake {
	return intake{core: c, calls: sync.Pool{New: func() any { return newCall() }}}
}

// Put merges updates into the pending records of their keys, in order, and
// returns when the disk has them (with Policy.Async, before). There is a
// Result for each update. An update that was accepted before, by its EventID,
// is not merged again; the disk has the first one too when the call returns.
// After ErrNoSpace or ErrClosed none of the updates
// was accepted; after ErrFailed that is unknown. ctx is only asked at the
// start: what has begun to be written cannot be called back.
func (b *intake) Put(ctx context.Context, updates []progress.Update) ([]Result, error) {
	return b.put(ctx, input{updates: updates})
}

// Reset starts keys anew: what is known of them, here and in the database, is
// replaced by an empty record of a new generation.
func (b *intake) Reset(ctx context.Context, keys []progress.Key) ([]Result, error) {
	return b.put(ctx, input{resets: keys})
}

func (b *intake) put(ctx context.Context, in input) ([]Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	if b.space.refusing.Load() {
		return nil, ErrNoSpace
	}
	call := b.calls.Get().(*call)
	defer b.calls.Put(call)
	defer call.reset()
	p := b.policy.Load()
	call.identify(&in, len(b.lanes), &b.salt, p.EventIDs.MaxCount > 0)
	results := make([]Result, in.len())
	c, err := b.putLocked(call, &in, p, results)
	switch {
	case err != nil:
		return nil, err
	case c == nil:
		return results, nil
	}
	if err := b.spool.Wait(c); err != nil {
		return nil, err
	}
	return results, nil
}

// putLocked merges what the call brings. It returns the change to wait for, nil for
// none.
func (b *intake) putLocked(call *call, in *input, p *Policy, results []Result) (*spool.Change, error) {
	b.lanes.lock(call.set)
	defer b.lanes.unlock(call.set)
	m := merger{b: b.core, call: call, in: in, p: p, now: b.clock.read()}
	m.merge(results)
	switch {
	case len(call.touched) > 0:
		c := m.change()
		b.space.wrote(c.Len())
		if !p.Async {
			return c, b.commit(b.spool.Append(c))
		}
		b.wroteLazily()
		return nil, b.commit(b.spool.AppendLazily(c))
	case call.repeats && !p.Async:
		// What they repeat may be on its way to the disk.
		c := b.spool.Begin()
		return c, b.commit(b.spool.Append(c))
	}
	return nil, nil
}
