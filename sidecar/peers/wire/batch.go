package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const (
	// MaxBody is the most bytes of a body, 8 MiB.
	MaxBody = 8 << 20
	// MaxItems is the most updates or resets of a body.
	MaxItems = 10_000
	// MaxUpdateBytes is the most that one update or reset takes in a body.
	MaxUpdateBytes = 5*(2+maxTextBytes) + 128
	// HeadBytes is the most that a body has before its items.
	HeadBytes = 1 + len(Sender{}) + binary.MaxVarintLen64 + 1 + binary.MaxVarintLen64

	leastUpdate = 9 // three ids of one letter, five lengths and the parts
	leastReset  = 6 // three ids of one letter and their lengths
)

// Sender names the link that numbers its batches: random, and never used again.
type Sender [16]byte

// Kind says what a batch has.
type Kind byte

// A batch has items of one kind.
const (
	Updates Kind = 1
	Resets  Kind = 2
)

// Head is what comes before the items of a body.
type Head struct {
	Sender Sender
	Number uint64 // from 1, rising
	Kind   Kind
	Count  int
}

// AppendHead writes h. Items are written behind it, with AppendUpdate or
// AppendReset, and behind updates may be hints, with AppendHints, and what was
// seen, with AppendSeen.
func AppendHead(dst []byte, h Head) []byte {
	dst = append(append(dst, Version), h.Sender[:]...)
	dst = binary.AppendUvarint(dst, h.Number)
	dst = append(dst, byte(h.Kind))
	return binary.AppendUvarint(dst, uint64(h.Count))
}

// AppendReset writes the key of a reset.
func AppendReset(dst []byte, k progress.Key) []byte {
	for _, text := range [...]string{k.UserID, k.CourseID, k.LessonID} {
		dst = binary.AppendUvarint(dst, uint64(len(text)))
	}
	return append(append(append(dst, k.UserID...), k.CourseID...), k.LessonID...)
}

// Batch is what a body says: updates or resets, never both.
type Batch struct {
	Sender  Sender
	Number  uint64
	Updates []progress.Update
	Resets  []progress.Key
}

// Decode reads a body. The batch shares no memory with it.
func Decode(body []byte) (Batch, error) {
	b, err := decode(body)
	if err != nil {
		return Batch{}, fmt.Errorf("decoding a batch of another sidecar: %w", err)
	}
	return b, nil
}

func decode(body []byte) (b Batch, err error) {
	if len(body) > MaxBody {
		return b, errTooLarge
	}
	d := decoder{rest: body}
	if d.byte() != Version && d.err == nil {
		d.fail(errVersion)
	}
	d.fixed(b.Sender[:])
	b.Number = d.uvarint()
	switch kind := Kind(d.byte()); {
	case d.err != nil:
	case b.Number == 0:
		d.fail(errMalformed)
	case kind == Updates:
		b.Updates = make([]progress.Update, d.count(leastUpdate))
		for i := range b.Updates {
			d.update(&b.Updates[i])
		}
		if len(d.rest) > 0 {
			d.hints(b.Updates)
		}
		if len(d.rest) > 0 {
			d.seen(b.Updates)
		}
	case kind == Resets:
		b.Resets = make([]progress.Key, d.count(leastReset))
		for i := range b.Resets {
			d.reset(&b.Resets[i])
		}
	default:
		d.fail(errMalformed)
	}
	if d.err == nil && b.Len() == 0 {
		d.fail(errMalformed)
	}
	return b, d.end()
}

// Len is how many items the batch has.
func (b *Batch) Len() int { return len(b.Updates) + len(b.Resets) }

func (d *decoder) reset(k *progress.Key) {
	user, course, lesson := d.textLength(1), d.textLength(1), d.textLength(1)
	texts := d.texts(user + course + lesson)
	*k = progress.Key{UserID: d.cut(&texts, user), CourseID: d.cut(&texts, course), LessonID: d.cut(&texts, lesson)}
}
