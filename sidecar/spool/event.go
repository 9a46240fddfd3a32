package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// EventID stands for an event of a key. It is the same in every spool: the learner's
// number by package learnerhash, in 8 bytes, big-endian, so that the events of a
// learner can be found, and 8 bytes of a hash of the event's id and key.
type EventID [16]byte

// Learner is the number of the event's learner, see package learnerhash.
func (id EventID) Learner() uint64 { return binary.BigEndian.Uint64(id[:]) }

// EventKind is what became of an event whose id is remembered.
type EventKind byte

const (
	// EventSalted is an event that an earlier version merged. Its id is made with the
	// writer's id, so that it is another one in every spool.
	EventSalted EventKind = iota
	// EventMerged is an event that was merged, in this spool or, in NoLane, in another.
	EventMerged
	// EventHandedOn is an event that was a stray and that its home has, which may
	// keep it as a stray of its own.
	EventHandedOn
)

// NoLane is the lane of the ids of events that other spools merged: their keys,
// and so their lanes, are not known.
const NoLane = 255

// PutEvent remembers an event in a segment of a lane. A segment is named by the
// instant of its beginning.
func (c *Change) PutEvent(lane int, segment progress.Instant, id EventID, kind EventKind) {
	name := eventName(lane, segment, id)
	c.put(name[:], kind.encode(c.scratch[:0]))
}

// DeleteEvent forgets an event.
func (c *Change) DeleteEvent(lane int, segment progress.Instant, id EventID) {
	name := eventName(lane, segment, id)
	c.add(opDelete, name[:])
}

// DeleteEventsThrough forgets the events of a lane's segments up to one.
func (c *Change) DeleteEventsThrough(lane int, segment progress.Instant) {
	name := eventName(lane, segment, EventID{})
	c.add(opForget, name[:numberedNameSize])
}

// encode leaves out EventSalted, as the versions that wrote it did.
func (k EventKind) encode(dst []byte) []byte {
	if dst = append(dst, entryVersion); k != EventSalted {
		dst = append(dst, byte(k))
	}
	return dst
}

func decodeEventKind(value []byte) (kind EventKind, err error) {
	d := decoder{rest: value}
	d.version()
	if d.err == nil && len(d.rest) > 0 {
		if kind = EventKind(d.byte()); kind != EventMerged && kind != EventHandedOn {
			d.fail(errVersion)
		}
	}
	return kind, d.end()
}
