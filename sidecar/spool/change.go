package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/spool/journal"
)

// The operations of a change, see doc.go.
const (
	opPut    = 1
	opDelete = 2
	opForget = 3
)

// Change is a set of entries that is on the disk whole or not at all. What it
// puts is copied. It is good for one Append or AppendLazily.
type Change struct {
	ops     []byte
	scratch []byte // the value that is being added
	batches *batchSizes
	dropped int64 // bytes of batches that it deletes
	ticket  journal.Ticket
}

// usualChange is the memory that a change of one pending record takes.
const usualChange = 512

// maxScratch is the memory of a change that is worth keeping for the next.
const maxScratch = 1 << 18

func (c *Change) reset() {
	if cap(c.ops) > maxScratch {
		c.ops = nil
	}
	c.ops, c.dropped, c.ticket = c.ops[:0], 0, journal.Ticket{}
}

// Empty reports whether the change changes nothing.
func (c *Change) Empty() bool { return len(c.ops) == 0 }

// Len is the number of bytes that the change takes on the disk, less a few.
func (c *Change) Len() int { return len(c.ops) }

// PutFormat writes what the spool is fixed to.
func (c *Change) PutFormat(f Format) { c.put([]byte{formatEntry}, f.encode(c.scratch[:0])) }

// PutLane writes a lane's numbers.
func (c *Change) PutLane(lane int, l Lane) {
	name := laneName(lane)
	c.put(name[:], l.encode(c.scratch[:0]))
}

// PutPending writes the pending record of a key.
func (c *Change) PutPending(key Key, p *Pending) {
	c.name(opPut, pendingEntry, key)
	c.value(p.encode(c.scratch[:0]))
}

// DeletePending removes the pending record of a key.
func (c *Change) DeletePending(key Key) { c.name(opDelete, pendingEntry, key) }

// PutBatch writes the records of a batch.
func (c *Change) PutBatch(lane int, number uint64, b EncodedBatch) {
	name := numberedName(batchEntry, lane, number)
	c.add(opPut, name[:])
	c.bytes(b)
	c.dropped += c.batches.set(lane, number, int64(len(b)))
}

// DeleteBatch removes the records of a batch.
func (c *Change) DeleteBatch(lane int, number uint64) {
	name := numberedName(batchEntry, lane, number)
	c.add(opDelete, name[:])
	c.dropped += c.batches.set(lane, number, 0)
}

// PutKept says that a batch is confirmed.
func (c *Change) PutKept(lane int, number uint64, k Kept) {
	name := numberedName(keptEntry, lane, number)
	c.put(name[:], k.encode(c.scratch[:0]))
}

// DeleteKept takes PutKept back.
func (c *Change) DeleteKept(lane int, number uint64) {
	name := numberedName(keptEntry, lane, number)
	c.add(opDelete, name[:])
}

// PutDeadLetter writes the dead letter of its record's key.
func (c *Change) PutDeadLetter(dl *DeadLetter) {
	c.name(opPut, deadLetterEntry, KeyOf(dl.Record.Key))
	c.value(dl.encode(c.scratch[:0]))
}

// DeleteDeadLetter removes the dead letter of a key.
func (c *Change) DeleteDeadLetter(key Key) { c.name(opDelete, deadLetterEntry, key) }

// PutLastDeadLetter writes the highest id of a dead letter that was given out.
func (c *Change) PutLastDeadLetter(id uint64) {
	c.put([]byte{lastDeadLetterEntry}, encodeNumber(c.scratch[:0], id))
}

// PutTombstone writes that a learner was erased.
func (c *Change) PutTombstone(id LearnerID, s Tombstone) {
	name := tombstoneName(id)
	c.put(name[:], s.encode(c.scratch[:0]))
}

// DeleteTombstone forgets that a learner was erased.
func (c *Change) DeleteTombstone(id LearnerID) {
	name := tombstoneName(id)
	c.add(opDelete, name[:])
}

func (c *Change) put(name, value []byte) {
	c.add(opPut, name)
	c.value(value)
}

func (c *Change) add(op byte, name []byte) {
	c.ops = binary.AppendUvarint(append(c.ops, op), uint64(len(name)))
	c.ops = append(c.ops, name...)
}

// name is add for the entry of a key.
func (c *Change) name(op, entry byte, key Key) {
	c.ops = binary.AppendUvarint(append(c.ops, op), uint64(1+len(key)))
	c.ops = append(append(c.ops, entry), key...)
}

// value adds the value of a put, which was made in scratch.
func (c *Change) value(value []byte) {
	c.bytes(value)
	if cap(value) > cap(c.scratch) && cap(value) <= maxScratch {
		c.scratch = value[:0]
	}
}

// bytes adds a value that is somebody else's.
func (c *Change) bytes(value []byte) {
	c.ops = binary.AppendUvarint(c.ops, uint64(len(value)))
	c.ops = append(c.ops, value...)
}
