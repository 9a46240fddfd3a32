package buffer

import (
	"encoding/binary"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// DeadLetterReason is why a record was set aside; it holds no data.
type DeadLetterReason struct {
	// SQLState of the database's refusal. It is empty if the database reported the
	// record as written and it was not.
	SQLState   string
	Constraint string // its name, if one was violated
}

// DeadLetter is a record that the database refuses. There is one for a key:
// what is refused later is merged into it, so that a learner whose every
// heartbeat is refused takes no more space than one whose first was.
type DeadLetter struct {
	ID     uint64           // of this spool, never given out again
	Reason DeadLetterReason // the latest
	Times  uint64           // how often a record of the key was refused
	First  progress.Instant // when that was
	Last   progress.Instant
	Record progress.Record
}

func (dl *DeadLetter) encode() []byte {
	dst := binary.AppendUvarint([]byte{entryVersion}, dl.ID)
	dst = appendString(dst, dl.Reason.SQLState)
	dst = appendString(dst, dl.Reason.Constraint)
	dst = binary.AppendUvarint(dst, dl.Times)
	dst = appendInstant(dst, dl.First)
	dst = appendInstant(dst, dl.Last)
	return appendKeyed(dst, &dl.Record)
}

func decodeDeadLetter(value []byte) (DeadLetter, error) {
	d := decoder{rest: value}
	d.version()
	dl := DeadLetter{
		ID:     d.uvarint(),
		Reason: DeadLetterReason{SQLState: d.string(), Constraint: d.string()},
		Times:  d.uvarint(),
		First:  d.instant(),
		Last:   d.instant(),
	}
	decodeKeyed(&d, &dl.Record)
	return dl, d.end()
}

// deadLetterID is the key of the entry that finds a dead letter by its id.
func deadLetterID(id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixDeadLetterID}, id)
}

// putDeadLetter writes a dead letter into c, of which fresh says that it was not
// there before.
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

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
