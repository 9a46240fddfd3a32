package iso8601

import (
	"errors"
	"regexp"
	"time"
)

var errTime = errors.New(`must be a time as ISO 8601 writes it, such as "2026-03-01T09:30:00.250Z" or "2026-03-01T10:30:00+01:00"`)

// noZone is the offset that RFC 3339 has for an unknown zone and ISO 8601 does not
// allow.
var noZone = regexp.MustCompile(`T.*-00(:?00)?$`)

// layouts are the forms of a time; a fraction of a second may follow its second.
func layouts() []string {
	return []string{
		"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05",
		"2006-01-02T15:04Z07:00", "20060102T150405Z0700", "2006-01-02",
	}
}

// Time reads a time. One without a zone is taken for UTC.
func Time(text string) (time.Time, error) {
	if len(text) > maxText || noZone.MatchString(text) {
		return time.Time{}, errTime
	}
	for _, layout := range layouts() {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errTime
}
