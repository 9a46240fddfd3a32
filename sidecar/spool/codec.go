package spool

import (
	"encoding/binary"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func (f Format) encode(dst []byte) []byte {
	return append(append(dst, entryVersion, byte(f.Lanes)), f.Writer[:]...)
}

func decodeFormat(value []byte) (f Format, err error) {
	d := decoder{rest: value}
	d.version()
	f.Lanes = int(d.byte())
	d.fixed(f.Writer[:])
	if f.Lanes < 1 || f.Lanes > MaxLanes {
		d.fail(errMalformed)
	}
	return f, d.end()
}

func (l Lane) encode(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, entryVersion), l.Next)
	dst = binary.AppendUvarint(dst, l.Applied)
	dst = appendInstant(dst, l.Received)
	dst = binary.AppendUvarint(dst, uint64(len(l.Frozen)))
	for _, f := range l.Frozen {
		dst = binary.AppendUvarint(dst, f.Number)
		dst = binary.LittleEndian.AppendUint64(dst, f.ID)
	}
	return dst
}

func decodeLane(value []byte) (Lane, error) {
	d := decoder{rest: value}
	d.version()
	l := Lane{Next: d.uvarint(), Applied: d.uvarint(), Received: d.instant()}
	for range d.count() {
		l.Frozen = append(l.Frozen, BatchName{Number: d.uvarint(), ID: d.uint64()})
	}
	if l.Next == 0 {
		d.fail(errMalformed)
	}
	return l, d.end()
}

func (p *Pending) encode(dst []byte) []byte {
	var due byte
	if p.Due {
		due = 1
	}
	dst = appendInstant(append(dst, entryVersion, due), p.Opened)
	return appendRecord(dst, &p.Record)
}

func decodePending(value []byte, p *Pending) error {
	d := decoder{rest: value}
	d.version()
	due := d.byte()
	if due > 1 {
		d.fail(errMalformed)
	}
	p.Due, p.Opened = due == 1, d.instant()
	decodeRecord(&d, &p.Record)
	return d.end()
}

// EncodeBatch returns b as it is on the disk.
func EncodeBatch(b Batch) EncodedBatch {
	const usual = 256 // bytes of a record and its key
	dst := append(make([]byte, 0, usual*(len(b.Records)+1)), entryVersion)
	dst = appendInstant(dst, b.Oldest)
	dst = binary.AppendUvarint(dst, uint64(len(b.Records)))
	for i := range b.Records {
		dst = appendKeyed(dst, &b.Records[i])
	}
	return dst
}

// Decode returns the batch; its error names the record that cannot be read by its
// place.
func (e EncodedBatch) Decode() (b Batch, err error) {
	d := decoder{rest: e}
	d.version()
	b.Oldest = d.instant()
	n := d.count()
	for i := range n {
		var r progress.Record
		decodeKeyed(&d, &r)
		if d.err != nil {
			return Batch{}, fmt.Errorf("record %d of %d: %w", i+1, n, d.err)
		}
		b.Records = append(b.Records, r)
	}
	return b, d.end()
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

func (k Kept) encode(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, entryVersion), k.Prev)
	dst = appendInstant(dst, k.At)
	return binary.AppendUvarint(dst, uint64(k.Bytes))
}

func decodeKept(value []byte) (Kept, error) {
	d := decoder{rest: value}
	d.version()
	k := Kept{Prev: d.uvarint(), At: d.instant()}
	bytes := d.uvarint()
	if bytes > 1<<62 {
		d.fail(errMalformed)
	}
	k.Bytes = int64(bytes)
	return k, d.end()
}

func (s Tombstone) encode(dst []byte) []byte {
	dst = appendInstant(append(dst, entryVersion), s.At)
	dst = appendString(dst, s.UserID)
	if s.Done != 0 {
		dst = appendInstant(dst, s.Done)
	}
	return dst
}

func decodeTombstone(value []byte) (Tombstone, error) {
	d := decoder{rest: value}
	d.version()
	s := Tombstone{At: d.instant(), UserID: d.string()}
	if d.err == nil && len(d.rest) > 0 {
		s.Done = d.instant()
	}
	return s, d.end()
}

func (dl *DeadLetter) encode(dst []byte) []byte {
	dst = binary.AppendUvarint(append(dst, entryVersion), dl.ID)
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

func encodeNumber(dst []byte, n uint64) []byte {
	return binary.AppendUvarint(append(dst, entryVersion), n)
}

func decodeNumber(value []byte) (uint64, error) {
	d := decoder{rest: value}
	d.version()
	n := d.uvarint()
	return n, d.end()
}
