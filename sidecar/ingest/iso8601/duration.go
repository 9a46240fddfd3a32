package iso8601

import (
	"errors"
	"strconv"
	"strings"
)

// maxText is the longest text that is read.
const maxText = 64

var errDuration = errors.New(`must be a length of time as ISO 8601 writes it, such as "PT3M15.5S", "P1DT2H" or "P2W"`)

// unit is a designator and its length in seconds, 0 for one whose length the
// calendar says.
type unit struct {
	designator byte
	seconds    float64
}

// dateUnits and timeUnits are in the order in which they may come.
func dateUnits() []unit { return []unit{{'Y', 0}, {'M', 0}, {'D', 86_400}} }
func timeUnits() []unit { return []unit{{'H', 3600}, {'M', 60}, {'S', 1}} }

// Duration reads a length of time with designators. A year or a month has no
// fixed length: with one that is not 0, fixed is false and seconds mean nothing.
// Weeks stand alone, and only the last number may have a fraction.
func Duration(text string) (seconds float64, fixed bool, err error) {
	rest, is := strings.CutPrefix(text, "P")
	if !is || rest == "" || len(text) > maxText {
		return 0, false, errDuration
	}
	if weeks, is := strings.CutSuffix(rest, "W"); is {
		n, _, ok := number(weeks)
		if !ok {
			return 0, false, errDuration
		}
		return n * 7 * 86_400, true, nil
	}
	date, clock, timed := strings.Cut(rest, "T")
	if timed && clock == "" {
		return 0, false, errDuration
	}
	fixed = true
	fraction := false // of the number before
	for _, part := range []struct {
		text  string
		units []unit
	}{{date, dateUnits()}, {clock, timeUnits()}} {
		text, units := part.text, part.units
		for text != "" {
			at := strings.IndexFunc(text, func(r rune) bool { return r >= 'A' && r <= 'Z' })
			if at < 0 || fraction {
				return 0, false, errDuration
			}
			var n float64
			var ok bool
			if n, fraction, ok = number(text[:at]); !ok {
				return 0, false, errDuration
			}
			for len(units) > 0 && units[0].designator != text[at] {
				units = units[1:]
			}
			if len(units) == 0 {
				return 0, false, errDuration
			}
			if units[0].seconds == 0 && n != 0 {
				fixed = false
			}
			seconds += n * units[0].seconds
			text, units = text[at+1:], units[1:]
		}
	}
	return seconds, fixed, nil
}

// number reads digits with an optional fraction behind a point or a comma.
func number(text string) (n float64, fraction, ok bool) {
	whole, part, fraction := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if !digits(whole) || fraction && !digits(part) {
		return 0, fraction, false
	}
	if fraction {
		whole += "." + part
	}
	n, err := strconv.ParseFloat(whole, 64)
	return n, fraction, err == nil
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
