package progress

import (
	"math"
	"math/bits"
)

// Limits of Segments.
const (
	// MaxSegmentBits is how many bits Segments have at most.
	MaxSegmentBits = 1024
	// UsualSegmentBits is how many they have where the step is chosen freely: the most that
	// Postgres keeps behind a head of one byte, so that a row's segments and their step
	// take at most 129 bytes.
	UsualSegmentBits = 976
	// MaxSegmentStep is the most seconds that a bit stands for.
	MaxSegmentStep = 16_384
	// MaxSegmentSeconds is the furthest end of a segment, in seconds.
	MaxSegmentSeconds = 1_000_000
	// MaxSegments is how many segments an answer can have.
	MaxSegments = MaxSegmentBits / 2
	// MaxToldSegments is how many an update may name. They are more, since a player tells
	// stretches of less than a step, of which it may have many after a time without a network.
	MaxToldSegments = 4096
)

// Segments are the parts of a lesson that were seen. Bit i stands for the Step
// seconds from i × Step; the first one is the highest of the first byte, as in a bit
// string of Postgres. Two values are equal exactly where they say the same at the same
// step. The zero value is nothing seen.
type Segments struct {
	Bits string // at most MaxSegmentBits; the last byte is not 0
	Step int32  // a power of two up to MaxSegmentStep; 0 without bits
}

type segmentBits [MaxSegmentBits / 8]byte

// SegmentsOf are the segments between the given seconds, each from its first number to
// its second. Both are rounded to the nearest step, so that segments which meet leave
// no gap, and one that is shorter than half a step may be nothing. The step is the
// smallest power of two at which UsualSegmentBits reach the duration; without one, or with
// one that no step reaches, the furthest end. What lies before 0 or after the end is cut
// off.
func SegmentsOf(segments [][2]float64, duration float64) Segments {
	end := duration
	if !isLength(duration) {
		end = 0
		for _, s := range segments {
			if s[1] > end {
				end = min(s[1], MaxSegmentSeconds)
			}
		}
	}
	step := StepFor(end)
	last := max(1, bitAt(end, step))
	var b segmentBits
	for _, s := range segments {
		to := bitAt(s[1], step)
		if s[1] >= end {
			to = last
		}
		for i := bitAt(s[0], step); i < to; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	return b.segments(step)
}

// StepFor is the smallest step, in seconds, at which UsualSegmentBits reach so many
// seconds; at most MaxSegmentStep.
func StepFor(seconds float64) int32 {
	step := int32(1)
	for step < MaxSegmentStep && seconds > UsualSegmentBits*float64(step) {
		step *= 2
	}
	return step
}

// isLength reports whether a lesson can be that long, in seconds. A live stream may say
// what can't, and one that is not known is 0.
func isLength(duration float64) bool {
	return duration > 0 && duration <= MaxSegmentBits*MaxSegmentStep
}

// bitAt is the bit that begins nearest to the given second.
func bitAt(seconds float64, step int32) int {
	if !(seconds > 0) {
		return 0 // also for what is no number
	}
	return int(math.Round(min(seconds/float64(step), MaxSegmentBits)))
}

// segments keeps the bits up to the last one that is set.
func (b *segmentBits) segments(step int32) Segments {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	if n == 0 {
		return Segments{}
	}
	return Segments{Bits: string(b[:n]), Step: step}
}

// SegmentsFrom are the segments of the given bits, which may end in zeros, and whether
// there can be such.
func SegmentsFrom(step int32, b []byte) (Segments, bool) {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	switch {
	case len(b) == 0:
		return Segments{}, true
	case len(b) > MaxSegmentBits/8 || step < 1 || step > MaxSegmentStep || step&(step-1) != 0:
		return Segments{}, false
	}
	return Segments{Bits: string(b), Step: step}, true
}

// Join is what was seen in either. Of two steps the coarser one remains: there a bit is
// set if any part of it was. Join is commutative, associative and idempotent.
func (s Segments) Join(o Segments) Segments {
	switch {
	case o.Bits == "" || s == o:
		return s
	case s.Bits == "":
		return o
	case s.Step < o.Step:
		s, o = o, s
	}
	var b segmentBits
	o.at(s.Step, &b)
	more := false
	for i := range len(s.Bits) {
		more = more || b[i]&^s.Bits[i] != 0
		b[i] |= s.Bits[i]
	}
	for _, rest := range b[len(s.Bits):] {
		more = more || rest != 0
	}
	if !more {
		return s
	}
	return b.segments(s.Step)
}

// at are the bits at a step that is not finer than that of s.
func (s Segments) at(step int32, b *segmentBits) {
	copy(b[:], s.Bits)
	for from := s.Step; from < step; from *= 2 {
		for i := range len(b) / 2 {
			b[i] = halved(b[2*i])<<4 | halved(b[2*i+1])
		}
		clear(b[len(b)/2:])
	}
}

// halved ORs the pairs of bits of a byte.
func halved(b byte) byte {
	b |= b << 1
	return b>>7&1<<3 | b>>5&1<<2 | b>>3&1<<1 | b>>1&1
}

// bitsOf is how many bits a lesson of the given seconds has, at least one; all there can
// be where the duration is not known. They are more than there can be where the duration
// was a shorter one when the segments were told.
func (s Segments) bitsOf(duration float64) int {
	if !isLength(duration) {
		return MaxSegmentBits
	}
	return max(1, int(math.Round(duration/float64(s.Step))))
}

// Share is how much of a lesson of the given seconds was seen, from 0 to 100 percent; 0
// where the duration is not known. It counts in bits, so that a lesson whose duration
// is no multiple of the step can be seen whole.
func (s Segments) Share(duration float64) float64 {
	if s.Bits == "" || !isLength(duration) {
		return 0
	}
	all, seen := s.bitsOf(duration), 0
	for i := range min(len(s.Bits), (all+7)/8) {
		b := s.Bits[i]
		if beyond := 8*(i+1) - all; beyond > 0 {
			b &= 0xff << beyond
		}
		seen += bits.OnesCount8(b)
	}
	return 100 * float64(seen) / float64(all)
}

// Each gives the segments in seconds, in order, with a gap between any two. Nothing lies
// beyond the duration, where that is known.
func (s Segments) Each(duration float64, yield func(from, to float64)) {
	all := min(8*len(s.Bits), s.bitsOf(duration))
	for i := 0; i < all; i++ {
		if !s.has(i) {
			continue
		}
		from := i
		for i < all && s.has(i) {
			i++
		}
		to := float64(i) * float64(s.Step)
		if isLength(duration) {
			to = min(to, duration)
		}
		yield(float64(from)*float64(s.Step), to)
	}
}

func (s Segments) has(bit int) bool { return s.Bits[bit/8]&(0x80>>(bit%8)) != 0 }
