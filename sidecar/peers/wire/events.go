package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/spool"
)

const (
	// MaxEventIDs is the most ids of one page, 64,000 bytes.
	MaxEventIDs = 4000
	// MaxEventsBody is the most bytes of a page.
	MaxEventsBody = 1 + 2*len(uuid.UUID{}) + 1 + 8 + binary.MaxVarintLen64 + MaxEventIDs*len(spool.EventID{})
)

// Events is a page of ids of events that a sidecar has merged and whose learners have
// another home.
type Events struct {
	// Writer and Owner are those of the sidecar that hands over.
	Writer, Owner uuid.UUID
	// View is the digest of the candidates that it knows.
	View uint64
	// Last says that it has handed over, under View, all that is the receiver's.
	Last bool
	// Leaving says that it is about to stop: it sees no View after this one.
	Leaving bool
	// Written says that the database has all that it kept, before View, of learners whose
	// home is another one under View.
	Written bool
	IDs     []spool.EventID
}

// What the byte behind the two ids says.
const (
	eventsLast    = 1 << 0
	eventsLeaving = 1 << 1
	eventsWritten = 1 << 2
)

// AppendEvents writes e.
func AppendEvents(dst []byte, e *Events) []byte {
	dst = append(append(append(dst, Version), e.Writer[:]...), e.Owner[:]...)
	var bits byte
	if e.Last {
		bits |= eventsLast
	}
	if e.Leaving {
		bits |= eventsLeaving
	}
	if e.Written {
		bits |= eventsWritten
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, bits), e.View)
	dst = binary.AppendUvarint(dst, uint64(len(e.IDs)))
	for i := range e.IDs {
		dst = append(dst, e.IDs[i][:]...)
	}
	return dst
}

// DecodeEvents reads a page. It shares no memory with the body.
func DecodeEvents(body []byte) (Events, error) {
	e, err := decodeEvents(body)
	if err != nil {
		return Events{}, fmt.Errorf("decoding event ids of another sidecar: %w", err)
	}
	return e, nil
}

func decodeEvents(body []byte) (e Events, err error) {
	if len(body) > MaxEventsBody {
		return e, errTooLarge
	}
	d := decoder{rest: body}
	if d.byte() != Version && d.err == nil {
		d.fail(errVersion)
	}
	d.fixed(e.Writer[:])
	d.fixed(e.Owner[:])
	bits := d.byte()
	if bits&^(eventsLast|eventsLeaving|eventsWritten) != 0 {
		d.fail(errMalformed)
	}
	e.Last, e.Leaving, e.Written = bits&eventsLast != 0, bits&eventsLeaving != 0, bits&eventsWritten != 0
	e.View = d.uint64()
	switch n := d.uvarint(); {
	case n > MaxEventIDs:
		d.fail(errTooLarge)
	case int(n)*len(spool.EventID{}) > len(d.rest):
		d.fail(errTruncated)
	case n > 0:
		e.IDs = make([]spool.EventID, n)
		for i := range e.IDs {
			d.fixed(e.IDs[i][:])
		}
	}
	return e, d.end()
}
