package truth

import (
	"math"
	"strings"
)

// Seen is which parts of a lesson were seen: a digit for each Step seconds, 1 for seen,
// without the zeros at the end. The zero Seen is nothing.
type Seen struct {
	Bits string
	Step int
}

// maxBits is how many the step is chosen for.
const maxBits = 976

// seenIn works out what a row must hold of the segments of all updates: each is rounded
// to the step of its update, and a bit of the coarsest step is seen if any second of it
// was.
func seenIn(updates []Update) Seen {
	seconds := map[int]bool{}
	coarsest, last := 0, 0
	for _, u := range updates {
		length := 0.0
		if u.Duration != nil {
			length = *u.Duration
		}
		if length <= 0 {
			for _, s := range u.WatchedSegments {
				length = math.Max(length, s[1])
			}
		}
		step := 1
		for float64(step*maxBits) < length {
			step *= 2
		}
		for _, s := range u.WatchedSegments {
			from, to := int(math.Round(s[0]/float64(step)))*step, int(math.Round(s[1]/float64(step)))*step
			for second := from; second < to; second++ {
				seconds[second] = true
			}
			if from < to {
				coarsest, last = max(coarsest, step), max(last, to)
			}
		}
	}
	if coarsest == 0 {
		return Seen{}
	}
	var bits strings.Builder
	for at := 0; at < last; at += coarsest {
		digit := byte('0')
		for second := at; second < at+coarsest; second++ {
			if seconds[second] {
				digit = '1'
			}
		}
		bits.WriteByte(digit)
	}
	return Seen{Bits: strings.TrimRight(bits.String(), "0"), Step: coarsest}
}
