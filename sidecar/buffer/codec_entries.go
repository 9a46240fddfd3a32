package buffer

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Prefixes of the spool's entries, see doc.go.
const (
	prefixFormat         = 'm'
	prefixLane           = 'l'
	prefixPending        = 'p'
	prefixBatch          = 'b'
	prefixKept           = 'k'
	prefixDeadLetter     = 'd'
	prefixEvent          = 'e'
	prefixDeadLetterID   = 'i'
	prefixLastDeadLetter = 'n'
	prefixTombstone      = 't'
	prefixScrub          = 'x'
)

func laneKey(lane int) []byte { return []byte{prefixLane, byte(lane)} }

// numberedKey is the key of a batch or of its kept marker.
func numberedKey(prefix byte, lane int, number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefix, byte(lane)}, number)
}

func decodeNumberedKey(key []byte) (lane int, number uint64, ok bool) {
	if len(key) != 10 {
		return 0, 0, false
	}
	return int(key[1]), binary.BigEndian.Uint64(key[2:]), true
}

// format is what a spool is fixed to when it is created.
type format struct {
	lanes  int
	writer uuid.UUID
}

func (f format) encode() []byte {
	return append([]byte{entryVersion, byte(f.lanes)}, f.writer[:]...)
}

func decodeFormat(value []byte) (format, error) {
	d := decoder{rest: value}
	d.version()
	f := format{lanes: int(d.byte())}
	if len(d.rest) < len(f.writer) {
		d.fail(errTruncated)
	}
	d.rest = d.rest[copy(f.writer[:], d.rest):]
	if f.lanes < 1 || f.lanes > maxLanes {
		d.fail(errMalformed)
	}
	return f, d.end()
}

// pendingState is what a pending entry keeps beside its record.
type pendingState struct {
	due    bool
	opened progress.Instant
}

func appendPending(dst []byte, s pendingState, r *progress.Record) []byte {
	var due byte
	if s.due {
		due = 1
	}
	dst = append(dst, entryVersion, due)
	dst = appendInstant(dst, s.opened)
	return appendRecord(dst, r)
}

func decodePending(value []byte, r *progress.Record) (pendingState, error) {
	d := decoder{rest: value}
	d.version()
	due := d.byte()
	if due > 1 {
		d.fail(errMalformed)
	}
	s := pendingState{due: due == 1, opened: d.instant()}
	decodeRecord(&d, r)
	return s, d.end()
}

func encodeBatch(oldest progress.Instant, records []progress.Record) []byte {
	const usual = 256 // bytes of a record and its key
	dst := append(make([]byte, 0, usual*(len(records)+1)), entryVersion)
	dst = appendInstant(dst, oldest)
	dst = binary.AppendUvarint(dst, uint64(len(records)))
	for i := range records {
		dst = appendKeyed(dst, &records[i])
	}
	return dst
}

func decodeBatch(value []byte) (oldest progress.Instant, records []progress.Record, err error) {
	d := decoder{rest: value}
	d.version()
	oldest = d.instant()
	n := d.count()
	for i := range n {
		var r progress.Record
		decodeKeyed(&d, &r)
		if d.err != nil {
			return 0, nil, fmt.Errorf("record %d of %d: %w", i+1, n, d.err)
		}
		records = append(records, r)
	}
	return oldest, records, d.end()
}

// appendKeyed writes a record with its key.
func appendKeyed(dst []byte, r *progress.Record) []byte {
	dst = appendString(dst, r.UserID)
	dst = appendString(dst, r.CourseID)
	dst = appendString(dst, r.LessonID)
	return appendRecord(dst, r)
}

func decodeKeyed(d *decoder, r *progress.Record) {
	r.Key = progress.Key{UserID: d.string(), CourseID: d.string(), LessonID: d.string()}
	decodeRecord(d, r)
}

// laneState is the lane's numbers.
type laneState struct {
	next     uint64
	applied  uint64
	received progress.Instant
	frozen   []frozenName
}

// frozenName is the number and the id of a frozen batch.
type frozenName struct{ number, id uint64 }

func (s laneState) encode() []byte {
	dst := binary.AppendUvarint([]byte{entryVersion}, s.next)
	dst = binary.AppendUvarint(dst, s.applied)
	dst = appendInstant(dst, s.received)
	dst = binary.AppendUvarint(dst, uint64(len(s.frozen)))
	for _, f := range s.frozen {
		dst = binary.AppendUvarint(dst, f.number)
		dst = binary.LittleEndian.AppendUint64(dst, f.id)
	}
	return dst
}

func decodeLaneState(value []byte) (laneState, error) {
	d := decoder{rest: value}
	d.version()
	s := laneState{next: d.uvarint(), applied: d.uvarint(), received: d.instant()}
	for range d.count() {
		s.frozen = append(s.frozen, frozenName{number: d.uvarint(), id: d.uint64()})
	}
	if s.next == 0 {
		d.fail(errMalformed)
	}
	return s, d.end()
}

func (k keptBatch) encode() []byte {
	dst := binary.AppendUvarint([]byte{entryVersion}, k.prev)
	dst = appendInstant(dst, k.at)
	return binary.AppendUvarint(dst, uint64(len(k.encoded)))
}

// decodeKept reads what encode wrote, but for the batch.
func decodeKept(number uint64, value []byte) (keptBatch, error) {
	d := decoder{rest: value}
	d.version()
	k := keptBatch{number: number, prev: d.uvarint(), at: d.instant()}
	d.uvarint() // the size of the batch
	return k, d.end()
}

func (t tombstone) encode() []byte {
	dst := appendInstant([]byte{entryVersion}, t.at)
	dst = appendString(dst, t.userID)
	if t.done != 0 {
		dst = appendInstant(dst, t.done)
	}
	return dst
}

func decodeTombstone(value []byte) (tombstone, error) {
	d := decoder{rest: value}
	d.version()
	t := tombstone{at: d.instant(), userID: d.string()}
	if d.err == nil && len(d.rest) > 0 {
		t.done = d.instant()
	}
	return t, d.end()
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
