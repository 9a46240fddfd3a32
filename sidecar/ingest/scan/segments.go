package scan

import (
	"fmt"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// watched reads pairs of seconds, of a lesson of the given duration, 0 for one that the
// update does not tell.
func (r *reader) watched(f field, duration float64) progress.Segments {
	span := &r.inputs[f].Range
	if r.members[f].kind != kindArray {
		r.fail(f, "must be "+span.Allowed+", not "+r.members[f].kind.String())
		return progress.Segments{}
	}
	r.pairs = r.pairs[:0]
	s := scanner{data: r.data, pos: r.members[f].start}
	wrong := s.array(0, func() *SyntaxError {
		if len(r.pairs) == progress.MaxToldSegments {
			return &SyntaxError{what: fmt.Sprintf("must be at most %d pairs", progress.MaxToldSegments)}
		}
		pair, ok := s.pair(span)
		if !ok {
			return &SyntaxError{what: fmt.Sprintf("must be %s, which pair %d is not", span.Allowed, len(r.pairs)+1)}
		}
		r.pairs = append(r.pairs, pair)
		return nil
	})
	if wrong != nil {
		r.fail(f, wrong.what)
		return progress.Segments{}
	}
	return progress.SegmentsOf(r.pairs, duration)
}

// pair reads two numbers of the range, of which the second is not below the first, from a
// text that was scanned without error before.
func (s *scanner) pair(span *progress.Range) (pair [2]float64, ok bool) {
	if s.space() != '[' {
		return pair, false
	}
	n := 0
	err := s.array(0, func() *SyntaxError {
		v, err := s.value(1)
		if err != nil {
			return err
		}
		if n == len(pair) || v.kind != kindNumber {
			return s.fail("no pair")
		}
		if pair[n], ok = span.Take(parseNumber(s.data[v.start:v.end])); !ok {
			return s.fail("out of range")
		}
		n++
		return nil
	})
	return pair, err == nil && n == len(pair) && pair[0] <= pair[1]
}
