package spool

import (
	"encoding/binary"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// SenderID names a process that hands updates on; it is random.
type SenderID [16]byte

// Sender is what is known of the last batch of a sender that was accepted.
type Sender struct {
	Number   uint64
	Seen     progress.Instant // when it came
	Unmerged []Unmerged       // of its items, in their order
}

// Unmerged is a run of items of a batch that were not merged for one reason.
type Unmerged struct {
	First, Count int // the first is 0
	Reason       UnmergedReason
}

// UnmergedReason is why an item was not merged.
type UnmergedReason byte

// Reasons, as they are on the disk.
const (
	UnmergedRepeated UnmergedReason = iota + 1 // its event was accepted before
	UnmergedFull                               // there was no room for another key
	UnmergedRange                              // a sum would have been out of range
	UnmergedErased                             // it happened before its learner was erased
)

const (
	senderNameSize = 1 + len(SenderID{})
	// maxItems is the most items that a batch of a sender can have.
	maxItems = 1 << 30
)

func senderName(id SenderID) (name [senderNameSize]byte) {
	name[0] = senderEntry
	copy(name[1:], id[:])
	return name
}

// PutSender writes what is known of a sender's last batch.
func (c *Change) PutSender(id SenderID, s *Sender) {
	name := senderName(id)
	c.put(name[:], s.encode(c.scratch[:0]))
}

// DeleteSender forgets a sender.
func (c *Change) DeleteSender(id SenderID) {
	name := senderName(id)
	c.add(opDelete, name[:])
}

func (s *Sender) encode(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, entryVersion), s.Number)
	dst = appendInstant(dst, s.Seen)
	dst = binary.AppendUvarint(dst, uint64(len(s.Unmerged)))
	end := 0
	for _, u := range s.Unmerged {
		dst = binary.AppendUvarint(dst, uint64(u.First-end))
		dst = binary.AppendUvarint(dst, uint64(u.Count))
		dst = append(dst, byte(u.Reason))
		end = u.First + u.Count
	}
	return dst
}

func decodeSender(name string, value []byte) (id SenderID, s Sender, err error) {
	d := decoder{rest: value}
	d.version()
	s.Number, s.Seen = d.uvarint(), d.instant()
	end := 0
	for range d.count() {
		gap, count, reason := d.uvarint(), d.uvarint(), UnmergedReason(d.byte())
		if d.err != nil {
			break
		}
		if gap > maxItems || count < 1 || count > maxItems || uint64(end)+gap+count > maxItems ||
			reason < UnmergedRepeated || reason > UnmergedErased {
			d.fail(errMalformed)
			break
		}
		u := Unmerged{First: end + int(gap), Count: int(count), Reason: reason}
		s.Unmerged = append(s.Unmerged, u)
		end = u.First + u.Count
	}
	if len(name) != senderNameSize {
		d.fail(errMalformed)
		return id, s, d.end()
	}
	copy(id[:], name[1:])
	return id, s, d.end()
}
