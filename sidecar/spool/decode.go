package spool

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

var (
	errTruncated = errors.New("it ends too early")
	errTrailing  = errors.New("it has bytes behind its end")
	errVersion   = errors.New("it has a version that this program does not know")
	errMalformed = errors.New("it is malformed")
)

// entryVersion is the first byte of every value, and of every record in it.
const entryVersion = 1

// decoder reads values of the spool. After the first error it returns zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

func (d *decoder) version() {
	if d.byte() != entryVersion && d.err == nil {
		d.fail(errVersion)
	}
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail(errTruncated)
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uint64() uint64 {
	if len(d.rest) < 8 {
		d.fail(errTruncated)
		return 0
	}
	v := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	return v
}

// fixed reads len(dst) bytes into dst.
func (d *decoder) fixed(dst []byte) {
	if len(d.rest) < len(dst) {
		d.fail(errTruncated)
		return
	}
	d.rest = d.rest[copy(dst, d.rest):]
}

func (d *decoder) instant() progress.Instant { return progress.Instant(d.uint64()) }

func (d *decoder) float() float64 { return math.Float64frombits(d.uint64()) }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads a number of things that take at least one byte each.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail(errTruncated)
		return 0
	}
	return int(n)
}

// bytes reads a length and that many bytes, without copying them.
func (d *decoder) bytes() []byte {
	n := d.count()
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// segments reads some that are not nothing: nothing is not written.
func (d *decoder) segments() progress.Segments {
	step := d.uvarint()
	s, ok := progress.SegmentsFrom(int32(min(step, progress.MaxSegmentStep+1)), d.bytes())
	if !ok || s.Bits == "" {
		d.fail(errMalformed)
	}
	return s
}

func (d *decoder) string() string { return string(d.bytes()) }

// end returns the error, if there was one or if something is left.
func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		return errTrailing
	}
	return d.err
}

func appendInstant(dst []byte, i progress.Instant) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(i))
}

func appendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

// appendSegments writes some that are not nothing.
func appendSegments(dst []byte, s progress.Segments) []byte {
	return appendString(binary.AppendUvarint(dst, uint64(s.Step)), s.Bits)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
