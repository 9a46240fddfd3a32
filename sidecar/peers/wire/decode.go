package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf8"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

var (
	errTruncated = errors.New("it ends too early")
	errTrailing  = errors.New("it has bytes behind its end")
	errVersion   = errors.New("it has another version of the protocol")
	errMalformed = errors.New("it is malformed")
	errTooLarge  = errors.New("it is larger than it may be")
)

// maxTextBytes is the most that progress.MaxText characters take.
const maxTextBytes = progress.MaxText * utf8.UTFMax

// decoder reads a body. After the first error it returns zeros.
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

// instant reads one that is not zero: a zero is not written.
func (d *decoder) instant() progress.Instant {
	i := progress.Instant(d.uint64())
	if i == 0 {
		d.fail(errMalformed)
	}
	return i
}

// float reads a number. No update has one that is not finite, and neither a sum
// nor a comparison recovers from it.
func (d *decoder) float() float64 {
	f := math.Float64frombits(d.uint64())
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.fail(errMalformed)
		return 0
	}
	return f
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(errTruncated)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// varint reads one that is not zero: a zero is not written.
func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail(errTruncated)
		return 0
	}
	if v == 0 {
		d.fail(errMalformed)
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads how many items follow, of which each takes at least so many bytes.
func (d *decoder) count(least int) int {
	n := d.uvarint()
	switch {
	case n > MaxItems:
		d.fail(errTooLarge)
		return 0
	case int(n)*least > len(d.rest):
		d.fail(errTruncated)
		return 0
	}
	return int(n)
}

// textLength reads the length of a text in bytes.
func (d *decoder) textLength(least int) int {
	n := d.uvarint()
	if n > maxTextBytes || int(n) < least {
		d.fail(errMalformed)
		return 0
	}
	return int(n)
}

// texts reads texts that are so many bytes long together, into one string, of
// which cut takes one after the other.
func (d *decoder) texts(length int) string {
	if len(d.rest) < length {
		d.fail(errTruncated)
		return ""
	}
	s := string(d.rest[:length])
	d.rest = d.rest[length:]
	return s
}

// cut takes the first text of so many bytes. Postgres takes none that is not UTF-8.
func (d *decoder) cut(texts *string, length int) string {
	if d.err != nil {
		return ""
	}
	text := (*texts)[:length]
	*texts = (*texts)[length:]
	if !utf8.ValidString(text) {
		d.fail(errMalformed)
	}
	return text
}

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
