package ingest

import (
	"math"
	"strconv"
)

// Limits of numbers. They keep sums far from overflow and catch milliseconds
// that were meant as seconds in a delta; positions of live streams can be
// seconds since 1970.
const (
	maxSeconds      = 1e10
	maxDeltaSeconds = 1e6
	maxPercentage   = 100
	maxEvents       = 1_000_000
	maxSpeed        = 100
)

// Tolerances. Players count in floating point, and what they report at either
// end of a lesson can be a little beyond it: the update that completes a lesson
// must not be refused for that.
const (
	// rounding is a hundredth: what adding and subtracting leaves.
	rounding = 0.01
	// beforeStart is how many seconds before the start a player may say that it
	// is, as some do at the start of a stream or before a clip's offset.
	beforeStart = 1
	// beyondWhole is how many percent beyond 0 and 100 a quotient may be whose
	// two numbers were rounded: a whole second of a lesson of 100 s is one.
	beyondWhole = 1
	// least is the smallest number that is none: no clock of a player is finer,
	// and column types of less precision refuse what is too near to 0.
	least = 1e-6
)

// span is the numbers that a field may have.
type span struct {
	most         float64
	below, above float64 // how far outside it becomes the limit itself
	allowed      string
	never0       bool
}

// spanOf says what numbers f may have. A sum takes only what rounding explains,
// since more means that its client subtracts what it should not; a duration too,
// since -1 is how some players say that they don't know it.
func spanOf(f field) span {
	switch f {
	case fieldCurrentTime, fieldWatchedDuration:
		return span{maxSeconds, beforeStart, 0, "a number of seconds from 0 to 10000000000", false}
	case fieldDuration:
		return span{maxSeconds, rounding, 0, "a number of seconds from 0 to 10000000000 (leave it out while it is unknown)", false}
	case fieldPercentage:
		return span{maxPercentage, beyondWhole, beyondWhole, "a number from 0 to 100", false}
	case fieldWatchedDelta:
		return span{maxDeltaSeconds, rounding, 0, "a number of seconds from 0 to 1000000, watched since the last update", false}
	case fieldPlaybackSpeed:
		return span{maxSpeed, 0, 0, "a number above 0 and at most 100", true}
	default:
		return span{maxEvents, rounding, 0, "a whole number from 0 to 1000000, counted since the last update", false}
	}
}

// take returns the number as it counts, and whether it may be.
func (s span) take(n float64) (float64, bool) {
	switch {
	case s.never0 && n > 0 && n < least:
		return n, true // as it is: 0 would be refused
	case n >= -s.below && n < least:
		return 0, true // -0 too
	case n >= 0 && n <= s.most:
		return n, true
	case n > s.most && n <= s.most+s.above:
		return s.most, true
	}
	return 0, false
}

// parseNumber reads a scanned JSON number; one out of range is ±Inf.
func parseNumber(s []byte) float64 {
	// Up to 15 digits and a power of ten up to 22 are exact in a float64, and
	// so their quotient is correctly rounded.
	const maxDigits = 15
	if len(s) <= maxDigits {
		mantissa, decimals, point := uint64(0), 0, false
		for _, c := range s {
			switch {
			case c-'0' <= 9:
				mantissa = mantissa*10 + uint64(c-'0')
				if point {
					decimals++
				}
			case c == '.':
				point = true
			default: // a sign or an exponent
				return parseSlow(s)
			}
		}
		return float64(mantissa) / powersOfTen(decimals)
	}
	return parseSlow(s)
}

func powersOfTen(n int) float64 {
	return [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}[n]
}

func parseSlow(s []byte) float64 {
	n, err := strconv.ParseFloat(string(s), 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}
