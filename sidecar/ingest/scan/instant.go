package scan

import (
	"math"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Bounds of a time. One outside them was written in another unit, or by a clock
// that was never set. Taken as it is, such a time would be in January 1970 for
// good, or win every comparison.
const (
	// earliestMicros is 2000-01-01T00:00:00Z.
	earliestMicros = 946_684_800_000_000
	// maxAhead is how far after its arrival a time may be. A clock that is ahead
	// by less is pulled back (progress.MaxSkew).
	maxAhead = 10 * 365 * 24 * time.Hour
	// Milliseconds have 12 or 13 digits from 1973 to 2286. Below these are
	// seconds until the year 5138, above are microseconds and nanoseconds.
	leastMillis, mostMillis = 1e11, 1e14
)

// instant reads an RFC 3339 string or Unix milliseconds.
func (r *reader) instant(f field) progress.Instant {
	const or = ", or leave the field out"
	var at progress.Instant
	switch r.members[f].kind {
	case kindNumber:
		ms := parseNumber(r.raw(f))
		switch {
		case ms == 0:
			r.fail(f, "must not be 0, which is no time: leave the field out while it is not known")
			return 0
		case ms > 0 && ms < leastMillis:
			r.fail(f, "looks like Unix seconds: send Unix milliseconds, which have 13 digits, such as Date.now() in a browser"+or)
			return 0
		case ms > mostMillis:
			r.fail(f, "looks like Unix microseconds or nanoseconds: send Unix milliseconds, which have 13 digits"+or)
			return 0
		}
		at = progress.Instant(math.Round(max(ms, 0) * 1000))
	case kindString:
		var t time.Time
		if err := t.UnmarshalText(r.raw(f)); err != nil {
			r.fail(f, `must be a time with its zone, such as "2026-03-01T09:30:00Z" or "2026-03-01T10:30:00+01:00" (RFC 3339), `+
				"or Unix milliseconds as a number without quotes")
			return 0
		}
		at = progress.Instant(t.UnixMicro())
	default:
		r.fail(f, `must be a time such as "2026-03-01T09:30:00Z" (RFC 3339) or Unix milliseconds, not `+r.members[f].kind.String())
		return 0
	}
	switch {
	case at < earliestMicros:
		r.fail(f, "is before the year 2000: the unit is another one than Unix milliseconds, or the clock was never set; correct it"+or+
			", and the time of arrival counts")
		return 0
	case at > r.ask.Received+progress.Instant(maxAhead.Microseconds()):
		r.fail(f, "is more than ten years ahead: the unit is another one than Unix milliseconds, or the clock is wrong; correct it"+or+
			", and the time of arrival counts")
		return 0
	}
	return at
}
