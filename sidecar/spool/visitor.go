package spool

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Visitor takes the entries that a spool holds, in the order of its functions. An
// error ends the visit.
type Visitor struct {
	// Format is not called if the spool is a new one.
	Format func(Format) error
	// Event is called for each segment's events together, by lanes and NoLane, the
	// oldest segment of a lane first.
	Event          func(lane int, segment progress.Instant, id EventID, kind EventKind) error
	Lane           func(lane int, l Lane) error
	Batch          func(lane int, number uint64, b EncodedBatch) error // by lanes, by numbers
	Kept           func(lane int, number uint64, k Kept) error         // by lanes, by numbers
	DeadLetter     func(key Key, dl DeadLetter) error
	LastDeadLetter func(id uint64) error
	Tombstone      func(id LearnerID, s Tombstone) error
	Sender         func(id SenderID, s Sender) error
	Stray          func(s Stray) error // in the order of their arrival
	// Pending may keep all but p itself. Records come in no order; the key of each
	// is made of parts of the given one.
	Pending func(key Key, p *Pending) error
}

// visit passes the entries on and drops them.
func (c *contents) visit(v *Visitor) error {
	delete(c.entries, string(rune(importedEntry)))
	if err := c.visitFormat(v); err != nil {
		return err
	}
	if err := c.visitEvents(v); err != nil {
		return err
	}
	const order = "lbkdnths"
	place := func(name string) int { return strings.IndexByte(order, name[0]) }
	var names []string
	for name := range c.entries {
		if name[0] == pendingEntry {
			continue
		}
		if place(name) < 0 {
			return fmt.Errorf("an entry of kind %q cannot be read: %w", name[:1], errVersion)
		}
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a, b))
	})
	for _, name := range names {
		value := c.entries[name]
		delete(c.entries, name)
		if err := visitOne(v, name, value); err != nil {
			return err
		}
	}
	return c.visitPending(v)
}

func (c *contents) visitFormat(v *Visitor) error {
	const name = string(rune(formatEntry))
	value, ok := c.entries[name]
	if !ok {
		if len(c.entries)+len(c.events) > 0 {
			return errors.New("it holds data but not its format")
		}
		return nil
	}
	delete(c.entries, name)
	f, err := decodeFormat(value)
	if err != nil {
		return fmt.Errorf("its format cannot be read: %w", err)
	}
	return v.Format(f)
}

func (c *contents) visitEvents(v *Visitor) error {
	var segments []eventSegment
	for s := range c.events {
		segments = append(segments, s)
	}
	slices.SortFunc(segments, func(a, b eventSegment) int {
		return cmp.Or(cmp.Compare(a.lane, b.lane), cmp.Compare(a.opened, b.opened))
	})
	for _, s := range segments {
		for id, kind := range c.events[s] {
			if err := v.Event(s.lane, s.opened, id, kind); err != nil {
				return err
			}
		}
		delete(c.events, s)
	}
	return nil
}

// visitOne passes an entry on that is neither the format, an event nor a pending
// record.
func visitOne(v *Visitor, name string, value []byte) error {
	lane, number, numbered := decodeNumberedName(name)
	switch name[0] {
	case laneEntry:
		if len(name) != laneNameSize {
			return errors.New("the name of a lane cannot be read")
		}
		lane := int(name[1])
		l, err := decodeLane(value)
		if err != nil {
			return fmt.Errorf("the numbers of lane %d cannot be read: %w", lane, err)
		}
		return v.Lane(lane, l)
	case batchEntry, keptEntry:
		if !numbered {
			return errors.New("the name of a batch cannot be read")
		}
		if name[0] == batchEntry {
			return v.Batch(lane, number, value)
		}
		k, err := decodeKept(value)
		if err != nil {
			return fmt.Errorf("kept batch %d of lane %d cannot be read: %w", number, lane, err)
		}
		return v.Kept(lane, number, k)
	case deadLetterEntry:
		dl, err := decodeDeadLetter(value)
		if err != nil {
			return fmt.Errorf("a dead letter (%s) cannot be read: %w", fingerprint(name, value), err)
		}
		return v.DeadLetter(Key(name[1:]), dl)
	case lastDeadLetterEntry:
		id, err := decodeNumber(value)
		if err != nil {
			return fmt.Errorf("the last dead letter's id cannot be read: %w", err)
		}
		return v.LastDeadLetter(id)
	case senderEntry:
		id, s, err := decodeSender(name, value)
		if err != nil {
			return fmt.Errorf("the last batch of a sender cannot be read: %w", err)
		}
		return v.Sender(id, s)
	case strayEntry:
		s, err := decodeStray(name, value)
		if err != nil {
			return fmt.Errorf("an update that waits for its home (%s) cannot be read: %w", fingerprint(name, value), err)
		}
		return v.Stray(s)
	default:
		s, err := decodeTombstone(value)
		if err == nil && len(name) != tombstoneNameSize {
			err = errMalformed
		}
		if err != nil {
			return fmt.Errorf("the tombstone of an erased learner cannot be read: %w", err)
		}
		return v.Tombstone(LearnerID([]byte(name[1:])), s)
	}
}

func (c *contents) visitPending(v *Visitor) error {
	for name, value := range c.entries {
		delete(c.entries, name)
		key := Key(name[1:])
		var p Pending
		err := decodePending(value, &p)
		if err == nil {
			var ok bool
			if p.Record.Key, ok = key.Split(); !ok {
				err = errMalformed
			}
		}
		if err != nil {
			return fmt.Errorf("a pending record (%s) cannot be read: %w", fingerprint(name, value), err)
		}
		if err := v.Pending(key, &p); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint stands for an entry in an error, since its name is a learner's
// key, which must not be shown.
func fingerprint(name string, value []byte) string {
	return fmt.Sprintf("%08x, %d bytes", checksum(name), len(value))
}
