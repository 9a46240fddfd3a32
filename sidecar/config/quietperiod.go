package config

import (
	"encoding/json"
	"fmt"
	"time"
)

// autoQuiet is how the file names a quiet period that follows each key's rhythm.
const autoQuiet = "Auto"

// QuietPeriod is how long a key has to be quiet to be written early. The zero
// value is never.
type QuietPeriod struct {
	// Auto takes twice the time that the key's own updates are apart, and 15
	// seconds at least.
	Auto bool
	// Fixed is the same time for all keys; 1s to the interval, 0 for never.
	Fixed Duration
}

// MarshalText implements encoding.TextMarshaler.
func (q QuietPeriod) MarshalText() ([]byte, error) {
	if q.Auto {
		return []byte(autoQuiet), nil
	}
	return q.Fixed.MarshalText()
}

// UnmarshalJSON takes "Auto" or a duration.
func (q *QuietPeriod) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil && text == autoQuiet {
		*q = QuietPeriod{Auto: true}
		return nil
	}
	*q = QuietPeriod{}
	if err := q.Fixed.UnmarshalJSON(data); err != nil {
		return fmt.Errorf("%w, or \"Auto\"", err)
	}
	return nil
}

// quietWithin reports whether a quiet period fits into an interval.
func quietWithin(q QuietPeriod, interval Duration) bool {
	return q.Fixed == 0 || q.Fixed.D() >= time.Second && q.Fixed <= interval
}
