package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/spool"
)

const (
	// maxResultBytes is the most that one result takes: a record has one text
	// beside its key, which an answer leaves out, and segments.
	maxResultBytes = maxTextBytes + 512 + maxSegmentBytes
	// MaxAnswer is the most bytes of an answer.
	MaxAnswer = MaxItems*maxResultBytes + 64
)

// ErrSuperseded is the home's answer to a batch whose sender has sent one of a
// higher number since: nothing of it is merged, and whether it was before is not
// known.
var ErrSuperseded = buffer.ErrSuperseded

// callErrors are what may become of a whole batch, by the number that says so in
// an answer; 0 is none. A number is never used for another error.
func callErrors() [5]error {
	return [...]error{1: buffer.ErrNoSpace, 2: buffer.ErrClosed, 3: buffer.ErrFailed, 4: ErrSuperseded}
}

// What the first byte of a result says.
const (
	resultDuplicate = 1 << 0
	resultRecord    = 1 << 1 // a record follows; without it the record is zero
	resultRefusal   = 2      // by how many bits the refusal's number is shifted

	refusedFull   = 1
	refusedErased = 2
	refusedRange  = 3
)

// AppendResults writes the answer to a batch that was taken. The records' keys are
// left out: the sender knows them. So is when a learner left, which only who writes the
// record needs, and an earlier sidecar can't read.
func AppendResults(dst []byte, results []buffer.Result) []byte {
	dst = append(dst, Version, 0)
	dst = binary.AppendUvarint(dst, uint64(len(results)))
	for i := range results {
		r := &results[i]
		bits := refusalOf(r.Err) << resultRefusal
		if r.Duplicate {
			bits |= resultDuplicate
		}
		record := r.Record
		record.LeftAt = 0
		if record != (progress.Record{Key: record.Key}) {
			dst = spool.AppendRecord(append(dst, bits|resultRecord), &record)
		} else {
			dst = append(dst, bits)
		}
	}
	return dst
}

func refusalOf(err error) byte {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, buffer.ErrFull):
		return refusedFull
	case errors.Is(err, buffer.ErrErased):
		return refusedErased
	default: // buffer.Result has no other
		return refusedRange
	}
}

// AppendError writes the answer to a batch of which the home has this to say as a
// whole: buffer.ErrNoSpace, ErrClosed, ErrFailed or ErrSuperseded. Any other error
// is told as ErrFailed, since what became of the batch is not known.
func AppendError(dst []byte, err error) []byte {
	known := callErrors()
	for code, e := range known {
		if e != nil && errors.Is(err, e) {
			return append(dst, Version, byte(code))
		}
	}
	return AppendError(dst, buffer.ErrFailed)
}

// An AnswerError says that what came as an answer is none.
type AnswerError struct{ err error }

// Error implements error.
func (e *AnswerError) Error() string { return "decoding another sidecar's answer: " + e.err.Error() }

// Unwrap is why.
func (e *AnswerError) Unwrap() error { return e.err }

// DecodeAnswer reads the answer to a batch of so many items: a result for each,
// with a record that has no key; or the error that AppendError was given; or an
// *AnswerError.
func DecodeAnswer(answer []byte, items int) ([]buffer.Result, error) {
	d := decoder{rest: answer}
	if len(answer) > MaxAnswer {
		d.fail(errTooLarge)
	}
	if d.byte() != Version && d.err == nil {
		d.fail(errVersion)
	}
	if code := d.byte(); code != 0 && d.err == nil {
		known := callErrors()
		if int(code) < len(known) && len(d.rest) == 0 {
			return nil, known[code]
		}
		d.fail(errMalformed)
	}
	n := d.count(1)
	if n != items && d.err == nil {
		d.fail(fmt.Errorf("it has %d results for %d items", n, items))
	}
	if d.err != nil {
		return nil, &AnswerError{d.err}
	}
	results := make([]buffer.Result, n)
	for i := range results {
		d.result(&results[i])
	}
	if err := d.end(); err != nil {
		return nil, &AnswerError{err}
	}
	return results, nil
}

func (d *decoder) result(r *buffer.Result) {
	bits := d.byte()
	r.Duplicate = bits&resultDuplicate != 0
	switch bits >> resultRefusal {
	case 0:
	case refusedFull:
		r.Err = buffer.ErrFull
	case refusedErased:
		r.Err = buffer.ErrErased
	case refusedRange:
		r.Err = buffer.ErrRange
	default:
		d.fail(errMalformed)
	}
	if d.err != nil || bits&resultRecord == 0 {
		return
	}
	rest, err := spool.DecodeRecord(d.rest, &r.Record)
	if err != nil {
		d.fail(err)
		return
	}
	d.rest = rest
}
