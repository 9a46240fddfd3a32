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

// bury writes r into c as a dead letter. The lane of r is locked.
func (b *Buffer) bury(c change, r *progress.Record, reason DeadLetterReason) error {
	key := appendDiskKey(nil, prefixDeadLetter, r.Key)
	now := b.clock.read().wall
	dl, found, err := b.deadLetterAt(key)
	switch {
	case err != nil:
		return err
	case found:
		// One that was refused before a reset is replaced by what came since.
		dl.Record = join(dl.Record, r.Raise(dl.Record.Generation))
	default:
		dl = DeadLetter{ID: b.lastDead.Add(1), First: now, Record: *r}
		b.deadLetters.Add(1)
		c.put(deadLetterID(dl.ID), append([]byte{entryVersion}, key...))
		c.put([]byte{prefixLastDeadLetter}, binary.AppendUvarint([]byte{entryVersion}, dl.ID))
	}
	dl.Reason, dl.Last = reason, now
	dl.Times++
	c.put(key, dl.encode())
	return nil
}

// deadLetterAt reads the dead letter of a key.
func (b *Buffer) deadLetterAt(diskKey []byte) (DeadLetter, bool, error) {
	value, err := b.journal.get(diskKey)
	if err != nil || value == nil {
		return DeadLetter{}, false, wrap("reading a dead letter", err)
	}
	dl, err := decodeDeadLetter(value)
	return dl, err == nil, wrap("reading a dead letter", err)
}

// exhume writes into c the removal of a dead letter.
func (b *Buffer) exhume(c change, diskKey []byte, id uint64) {
	c.delete(diskKey)
	c.delete(deadLetterID(id))
	b.deadLetters.Add(-1)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
