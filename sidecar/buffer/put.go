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
	// records and strays merged.
	Record progress.Record
	// Duplicate says that an update with this EventID was accepted before and
	// this one was not merged again. Record is then zero but for its key when
	// all of it is saved.
	Duplicate bool
	// Elsewhere says that another sidecar accepted it, and counts it.
	Elsewhere bool
	// Stray says that it is kept as itself. It counts as accepted when it is merged: at
	// its home, or here (Options.OnTaken).
	Stray bool
	// Hint says that an update told nothing but when to write (progress.Update.IsHint).
	// It counts as accepted, and nothing is kept of it but, with Policy.Departures, that
	// its learner leaves. Record stands for no update when all of it is saved.
	Hint bool
	// Again says that its batch was answered before, and was counted then.
	Again bool
	// Err is nil, ErrFull, ErrRange, ErrErased or, of PutStray, ErrNoEventID; the update
	// was refused then and the others of the call are not affected.
	Err error
}

// Item is an update, or the reset of its key.
type Item struct {
	Update progress.Update
	// Reset says that Update's key starts anew; nothing else of Update counts.
	Reset bool
	// Stray says that Update is kept as itself, as by PutStray. It counts for an
	// update with an event id only.
	Stray bool
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
// is not merged again; the disk has the first one too when the call returns. One that
// says nothing but when to write changes only when the pending record of its key is
// written, if there is one, and with Policy.Departures what it has of its learner's leaving.
// After ErrNoSpace or ErrClosed none of the updates
// was accepted; after ErrFailed that is unknown. ctx is only asked at the
// start: what has begun to be written cannot be called back.
func (b *intake) Put(ctx context.Context, updates []progress.Update) ([]Result, error) {
	return b.put(ctx, input{updates: updates})
}

// Reset starts keys anew: what is known of them, here and in the database, is
// replaced by an empty record of a new generation. Their strays are removed.
func (b *intake) Reset(ctx context.Context, keys []progress.Key) ([]Result, error) {
	return b.put(ctx, input{resets: keys})
}

// PutFrom is Put and Reset for a batch that another process hands on, in the order
// of its items. The disk has the batch's number with what it changes, so that the
// batch is merged once: one with the number of the sender's last is answered
// again, with records as they are now, and changes nothing. Numbers rise and may
// leave some out. A lower one than the last is refused with ErrSuperseded. After any
// other error the batch may be sent again under its number.
//
// Senders are known for 15 minutes after their last batch.
func (b *intake) PutFrom(ctx context.Context, sender SenderID, number uint64, items []Item) ([]Result, error) {
	return b.put(ctx, input{items: items, from: &handedOn{sender, number}})
}

// PutStray is Put for updates whose home can't be reached, or may have them already.
// Each needs an event id, and is kept as itself until DropStrays or TakeStrays.
// Meanwhile it is part of what is held of its key, and takes the place of a
// pending record. An update that was accepted before, as a stray or not, is a
// duplicate for all methods; only PutFrom takes one that went to its home.
func (b *intake) PutStray(ctx context.Context, updates []progress.Update) ([]Result, error) {
	return b.put(ctx, input{updates: updates, stray: true})
}

func (b *intake) put(ctx context.Context, in input) ([]Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	call := b.calls.Get().(*call)
	defer b.calls.Put(call)
	defer call.reset()
	p := b.policy.Load()
	call.identify(&in, len(b.lanes), p.EventIDs.MaxCount > 0)
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
	set := call.set
	if in.from != nil {
		set = b.lanes.all() // senders belong to no lane
	}
	defer b.lanes.unlock(b.lanes.lock(set))
	m := merger{b: b.core, call: call, in: in, p: p, now: b.clock.read()}
	if in.from != nil {
		again, err := m.answerAgain(results)
		if err != nil {
			return nil, err
		}
		if again {
			return b.awaitEarlier(p)
		}
	}
	if b.space.refusing.Load() {
		return nil, ErrNoSpace
	}
	m.merge(results)
	switch {
	case call.changes() || in.from != nil:
		c := m.change()
		if in.from != nil {
			m.putSender(c, results)
		}
		b.space.wrote(c.Len())
		if !p.Async {
			return c, b.commit(b.spool.Append(c))
		}
		b.wroteLazily()
		return nil, b.commit(b.spool.AppendLazily(c))
	case call.repeats:
		return b.awaitEarlier(p)
	}
	return nil, nil
}

// awaitEarlier is the change of a call that changes nothing: what it repeats may be on
// its way to the disk.
func (b *intake) awaitEarlier(p *Policy) (*spool.Change, error) {
	if p.Async {
		return nil, nil
	}
	c := b.spool.Begin()
	return c, b.commit(b.spool.Append(c))
}
