package buffer

import (
	"math"
	"sync/atomic"
)

// stretch is the factor by which all intervals are multiplied. The zero value is 1.
type stretch struct{ bits atomic.Uint64 }

func (s *stretch) set(factor float64) { s.bits.Store(math.Float64bits(factor)) }

func (s *stretch) factor() float64 {
	if bits := s.bits.Load(); bits != 0 {
		return math.Float64frombits(bits)
	}
	return 1
}
