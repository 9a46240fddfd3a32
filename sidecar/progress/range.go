package progress

// Tolerances. Players count in floating point, and what they report at either
// end of a lesson can be a little beyond it: the update that completes a lesson
// must not be refused for that.
const (
	// Rounding is a hundredth: what adding and subtracting leaves.
	Rounding = 0.01
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

// Range is the numbers that a field of an update may have.
type Range struct {
	Most float64
	// Below and Above are how far outside a number becomes the limit itself.
	Below, Above float64
	// Positive says that 0 is not allowed.
	Positive bool
	// Allowed is the range in words.
	Allowed string
}

// Take returns the number as it counts, and whether it may be.
func (r *Range) Take(n float64) (float64, bool) {
	switch {
	case r.Positive && n == 0:
		return 0, false
	case r.Positive && n > 0 && n < least:
		return n, true // as it is: 0 would be refused
	case n >= -r.Below && n < least:
		return 0, true // -0 too
	case n >= 0 && n <= r.Most:
		return n, true
	case n > r.Most && n <= r.Most+r.Above:
		return r.Most, true
	}
	return 0, false
}

// The ranges keep sums far from overflow, and catch milliseconds in a delta
// that is in seconds. A position may be seconds since 1970, as in a live
// stream. A sum may be below zero by no more than rounding explains, because
// more means that the client subtracts what it should not; so may a duration,
// because some players report -1 for one that they don't know.

const maxSeconds = 1e10

func secondsRange() Range {
	return Range{Most: maxSeconds, Below: beforeStart, Allowed: "a number of seconds from 0 to 10000000000"}
}

func durationRange() Range {
	return Range{
		Most: maxSeconds, Below: Rounding,
		Allowed: "a number of seconds from 0 to 10000000000 (leave it out while it is unknown)",
	}
}

func deltaRange() Range {
	return Range{
		Most: 1e6, Below: Rounding,
		Allowed: "a number of seconds from 0 to 1000000, watched since the last update",
	}
}

// segmentRange is of both ends of a segment. A live stream without a length has no
// segments, so that seconds since 1970 are a mistake here.
func segmentRange() Range {
	return Range{
		Most: MaxSegmentSeconds, Below: beforeStart,
		Allowed: "at most 4096 pairs of numbers from 0 to 1000000, in seconds, none of which ends before it begins",
	}
}

func percentRange() Range {
	return Range{Most: 100, Below: beyondWhole, Above: beyondWhole, Allowed: "a number from 0 to 100"}
}

func speedRange() Range {
	return Range{Most: 100, Positive: true, Allowed: "a number above 0 and at most 100"}
}

// MaxSyncWithin is the longest time that an update may ask for, in seconds: a day.
const MaxSyncWithin = 86_400

func withinRange() Range {
	return Range{Most: MaxSyncWithin, Positive: true, Allowed: "a number of seconds above 0 and at most 86400"}
}

func eventsRange() Range {
	return Range{
		Most: 1e6, Below: Rounding,
		Allowed: "a whole number from 0 to 1000000, counted since the last update",
	}
}
