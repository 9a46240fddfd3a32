package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Kinds of entries, see doc.go: the first byte of an entry's name.
const (
	formatEntry         = 'm'
	laneEntry           = 'l'
	pendingEntry        = 'p'
	batchEntry          = 'b'
	keptEntry           = 'k'
	deadLetterEntry     = 'd'
	eventEntry          = 'e'
	lastDeadLetterEntry = 'n'
	tombstoneEntry      = 't'
	importedEntry       = 'o'
	senderEntry         = 'h'
	strayEntry          = 's'
)

const (
	laneNameSize      = 2
	numberedNameSize  = laneNameSize + 8
	eventNameSize     = numberedNameSize + len(EventID{})
	tombstoneNameSize = 1 + len(LearnerID{})
)

func laneName(lane int) [laneNameSize]byte { return [laneNameSize]byte{laneEntry, byte(lane)} }

// numberedName is the name of a batch, or of what is known of it.
func numberedName(kind byte, lane int, number uint64) (name [numberedNameSize]byte) {
	name[0], name[1] = kind, byte(lane)
	binary.BigEndian.PutUint64(name[laneNameSize:], number)
	return name
}

func decodeNumberedName(name string) (lane int, number uint64, ok bool) {
	if len(name) != numberedNameSize {
		return 0, 0, false
	}
	return int(name[1]), binary.BigEndian.Uint64([]byte(name[laneNameSize:])), true
}

func eventName(lane int, segment progress.Instant, id EventID) (name [eventNameSize]byte) {
	name[0], name[1] = eventEntry, byte(lane)
	binary.BigEndian.PutUint64(name[laneNameSize:], uint64(segment))
	copy(name[numberedNameSize:], id[:])
	return name
}

// eventSegment is a segment of a lane's event ids.
type eventSegment struct {
	lane   int
	opened progress.Instant
}

func decodeEventName(name []byte) (s eventSegment, id EventID, ok bool) {
	if len(name) != eventNameSize {
		return s, id, false
	}
	s = eventSegment{int(name[1]), progress.Instant(binary.BigEndian.Uint64(name[laneNameSize:]))}
	return s, EventID(name[numberedNameSize:]), true
}

func tombstoneName(id LearnerID) (name [tombstoneNameSize]byte) {
	name[0] = tombstoneEntry
	copy(name[1:], id[:])
	return name
}
