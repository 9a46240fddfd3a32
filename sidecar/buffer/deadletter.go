package buffer

import (
	"encoding/binary"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// DeadLetterReason is why the database refused a record; it holds no data.
type DeadLetterReason struct {
	SQLState   string
	Constraint string // its name, if one was violated
}

// deadLetter is a record that the database refuses. There is one for a key:
// what is refused later is merged into it, so that a learner whose every
// heartbeat is refused takes no more space than one whose first was.
type deadLetter struct {
	id          uint64
	reason      DeadLetterReason // the latest
	times       uint64           // how often a record of the key was refused
	first, last progress.Instant
	record      progress.Record
}

func (dl *deadLetter) encode() []byte {
	dst := binary.AppendUvarint([]byte{entryVersion}, dl.id)
	dst = appendString(dst, dl.reason.SQLState)
	dst = appendString(dst, dl.reason.Constraint)
	dst = binary.AppendUvarint(dst, dl.times)
	dst = appendInstant(dst, dl.first)
	dst = appendInstant(dst, dl.last)
	return appendKeyed(dst, &dl.record)
}

func decodeDeadLetter(value []byte) (deadLetter, error) {
	d := decoder{rest: value}
	d.version()
	dl := deadLetter{
		id:     d.uvarint(),
		reason: DeadLetterReason{SQLState: d.string(), Constraint: d.string()},
		times:  d.uvarint(),
		first:  d.instant(),
		last:   d.instant(),
	}
	decodeKeyed(&d, &dl.record)
	return dl, d.end()
}

// bury writes r into c as a dead letter.
func (b *Buffer) bury(c change, r *progress.Record, reason DeadLetterReason) error {
	b.deadMu.Lock()
	defer b.deadMu.Unlock()
	key := appendDiskKey(nil, prefixDeadLetter, r.Key)
	now := b.clock.read().wall
	dl := deadLetter{id: b.lastDead + 1, first: now, record: *r}
	value, err := b.journal.get(key)
	if err != nil {
		return fmt.Errorf("reading the key's dead letter: %w", err)
	}
	if value != nil {
		if dl, err = decodeDeadLetter(value); err != nil {
			return fmt.Errorf("reading the key's dead letter: %w", err)
		}
		dl.record = join(dl.record, *r)
	}
	dl.reason, dl.last = reason, now
	dl.times++
	c.put(key, dl.encode())
	if value == nil {
		b.lastDead = dl.id
		b.deadCount++
	}
	return nil
}
