package standards

import (
	"strconv"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/ingest/iso8601"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Names of the numbers of an update.
const (
	Position = "currentTime"
	Length   = "duration"
	Percent  = "percentage"
	Watched  = "watchedDuration"
	Spent    = "watchedDelta"
	Speed    = "playbackSpeed"
)

// Ranges are the numbers that the fields of an update may have.
type Ranges map[string]progress.Range

// RangesOf are those of a table of fields.
func RangesOf(fields []progress.Field) Ranges {
	all := Ranges{}
	for _, in := range progress.Inputs(fields) {
		if in.Number != nil {
			all[in.Name] = in.Range
		}
	}
	return all
}

// Take is a number for the field of an update with that name, not set if it can't be
// one: an extension with a value of no use is no reason to refuse an event.
func (r Ranges) Take(name string, n float64) progress.Number {
	span := r[name]
	if taken, ok := span.Take(n); ok {
		return progress.Some(taken)
	}
	return progress.Number{}
}

// NumberIn reads a JSON number, or a text with one as several players send it; a speed
// may end in x.
func NumberIn(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(v), "x"), 64)
		return n, err == nil
	}
	return 0, false
}

// SecondsIn reads a length of time, of no use if the calendar says how long it is.
func SecondsIn(value any) (float64, bool) {
	text, is := value.(string)
	if !is {
		return 0, false
	}
	seconds, fixed, err := iso8601.Duration(text)
	return seconds, fixed && err == nil
}

// InstantOf is when an event happened by the sender's clock, and 0, for when it
// arrived, if that can't be: before the year 2000 a clock was never set.
func InstantOf(t time.Time, received progress.Instant) progress.Instant {
	const (
		earliest = 2000
		ahead    = 10 * 365 * 24 * time.Hour
	)
	if t.UTC().Year() < earliest || t.After(received.Time().Add(ahead)) {
		return 0
	}
	return progress.InstantOf(t)
}
