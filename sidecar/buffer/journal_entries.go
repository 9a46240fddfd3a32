package buffer

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// The entries of a change. Keys are described in doc.go.

func (c change) putFormat(f format) { c.put([]byte{prefixFormat}, f.encode()) }

func (c change) putLane(lane int, s laneState) { c.put(laneKey(lane), s.encode()) }

func (c change) putBatch(lane int, number uint64, encoded []byte) {
	c.put(numberedKey(prefixBatch, lane, number), encoded)
}

func (c change) deleteBatch(lane int, number uint64) {
	c.delete(numberedKey(prefixBatch, lane, number))
}

// putKept makes a batch that the disk has one that is kept.
func (c change) putKept(lane int, k keptBatch) {
	c.put(numberedKey(prefixKept, lane, k.number), k.encode())
}

// deleteKept deletes the batch too.
func (c change) deleteKept(lane int, number uint64) {
	c.delete(numberedKey(prefixKept, lane, number))
	c.deleteBatch(lane, number)
}

// putDeadLetter writes a dead letter, of which fresh says that it was not there
// before.
func (c change) putDeadLetter(dl *DeadLetter, fresh bool) {
	key := appendDiskKey(nil, prefixDeadLetter, dl.Record.Key)
	c.put(key, dl.encode())
	if fresh {
		c.put(deadLetterID(dl.ID), append([]byte{entryVersion}, key...))
		c.put([]byte{prefixLastDeadLetter}, binary.AppendUvarint([]byte{entryVersion}, dl.ID))
	}
}

func (c change) deleteDeadLetter(dl *DeadLetter) {
	c.delete(appendDiskKey(nil, prefixDeadLetter, dl.Record.Key))
	c.delete(deadLetterID(dl.ID))
}

// deadLetterID is the key of the entry that finds a dead letter by its id.
func deadLetterID(id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixDeadLetterID}, id)
}

func (c change) putTombstone(id learnerID, t tombstone) { c.put(tombstoneKey(id), t.encode()) }

func (c change) deleteTombstone(id learnerID) { c.delete(tombstoneKey(id)) }

func tombstoneKey(id learnerID) []byte { return append([]byte{prefixTombstone}, id[:]...) }

// putEvent returns the size of the entry.
func (c change) putEvent(lane int, e eventPlace) int {
	key := eventKey(lane, e.segment, e.id)
	c.put(key, []byte{entryVersion})
	return len(key) + 1
}

func (c change) deleteEvent(lane int, e eventPlace) { c.delete(eventKey(lane, e.segment, e.id)) }

// deleteEventsThrough deletes the events of a segment and of those before it;
// segment 0 is none.
func (c change) deleteEventsThrough(lane int, segment progress.Instant) {
	if segment != 0 {
		c.deleteRange(eventSegmentKey(lane, 0), eventSegmentKey(lane, segment+1))
	}
}

func eventSegmentKey(lane int, opened progress.Instant) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixEvent, byte(lane)}, uint64(opened))
}

func eventKey(lane int, opened progress.Instant, id eventID) []byte {
	return append(eventSegmentKey(lane, opened), id[:]...)
}

func decodeEventKey(key []byte) (opened progress.Instant, id eventID, ok bool) {
	const prefix = 10
	if len(key) != prefix+len(id) {
		return 0, id, false
	}
	return progress.Instant(binary.BigEndian.Uint64(key[2:])), eventID(key[prefix:]), true
}
