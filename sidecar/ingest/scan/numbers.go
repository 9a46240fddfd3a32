package scan

import (
	"math"
	"strconv"
)

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
