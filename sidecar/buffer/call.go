package buffer

import (
	"slices"

	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

// input is what one call brings: updates, resets, or items, which are either.
type input struct {
	updates []progress.Update
	resets  []progress.Key
	items   []Item
	// stray says that updates are kept as themselves.
	stray bool
	// from is the batch that items came as, nil for others.
	from *handedOn
}

// handedOn is a batch of a sender.
type handedOn struct {
	sender SenderID
	number uint64
}

func (in *input) len() int { return len(in.updates) + len(in.resets) + len(in.items) }

// isStray reports whether the i-th item is kept as itself.
func (in *input) isStray(i int) bool {
	if len(in.items) == 0 {
		return in.stray
	}
	item := &in.items[i]
	return item.Stray && !item.Reset && item.Update.EventID != ""
}

// update is the i-th item, nil if that is a reset.
func (in *input) update(i int) *progress.Update {
	switch {
	case in.resets != nil, len(in.items) > 0 && in.items[i].Reset:
		return nil
	case in.items != nil:
		return &in.items[i].Update
	default:
		return &in.updates[i]
	}
}

func (in *input) key(i int) progress.Key {
	switch {
	case in.resets != nil:
		return in.resets[i]
	case in.items != nil:
		return in.items[i].Update.Key
	default:
		return in.updates[i].Key
	}
}

// call is the scratch memory of one call that brings items: what its items are known by,
// and what they change.
type call struct {
	keys    []byte // each a spool.Key, one after the other
	ends    []int  // of each in keys
	lanes   []int  // of each item
	set     laneSet
	events  []spool.EventID // of each item, zero if it has none or it isn't needed
	scratch []byte

	touched []*entry // that changed, in the order of their first change
	strays  []*stray // that are kept
	dropped []*stray // that a reset removed
	fresh   []freshEvent
	// repeats says that one of the items is a duplicate.
	repeats bool
}

// freshEvent is an event id that goes to the disk with the entry that it
// changed.
type freshEvent struct {
	lane int
	eventPlace
}

// maxScratch is the scratch memory that is worth keeping for the next call.
const maxScratch = 1 << 18

// newCall has memory for one item of usual size.
func newCall() *call {
	const key = 128
	return &call{keys: make([]byte, 0, key), ends: make([]int, 0, 1), lanes: make([]int, 0, 1), touched: make([]*entry, 0, 1)}
}

// reset makes it ready for the next call.
func (c *call) reset() {
	if cap(c.keys) > maxScratch {
		*c = call{}
	}
	clear(c.touched)
	clear(c.strays)
	clear(c.dropped)
	c.keys, c.ends, c.lanes, c.set = c.keys[:0], c.ends[:0], c.lanes[:0], 0
	c.events, c.touched, c.fresh, c.repeats = c.events[:0], c.touched[:0], c.fresh[:0], false
	c.strays, c.dropped = c.strays[:0], c.dropped[:0]
}

// identify finds out the keys, lanes and event ids of the items. Without remember
// only strays need their event ids.
func (c *call) identify(in *input, lanes int, remember bool) {
	for i := range in.len() {
		start := len(c.keys)
		c.keys = spool.AppendKey(c.keys, in.key(i))
		c.ends = append(c.ends, len(c.keys))
		lane := laneOf(c.keys[start:], lanes)
		c.lanes = append(c.lanes, lane)
		c.set.add(lane)
		var id spool.EventID
		if remember || in.isStray(i) {
			id = c.eventOf(c.keys[start:], in.update(i))
		}
		c.events = append(c.events, id)
	}
}

// eventOf is the identity of the update's event, zero if it has none or is a reset.
func (c *call) eventOf(key []byte, u *progress.Update) spool.EventID {
	if u == nil || u.EventID == "" {
		return spool.EventID{}
	}
	return eventID(c.idScratch(key, u), key, u)
}

// saltedOf is the identity that an earlier version gave to an event.
func (c *call) saltedOf(key []byte, u *progress.Update, salt *salt) spool.EventID {
	return salt.eventID(c.idScratch(key, u), key, u)
}

func (c *call) idScratch(key []byte, u *progress.Update) []byte {
	c.scratch = slices.Grow(c.scratch[:0], idSize(key, u))
	return c.scratch
}

// changes reports whether something changed.
func (c *call) changes() bool { return len(c.touched)+len(c.strays) > 0 }

// key is the i-th item's spool.Key.
func (c *call) key(i int) []byte {
	if i == 0 {
		return c.keys[:c.ends[0]]
	}
	return c.keys[c.ends[i-1]:c.ends[i]]
}

// touch notes that e changed.
func (c *call) touch(e *entry) {
	if !e.touched {
		e.touched = true
		c.touched = append(c.touched, e)
	}
}
