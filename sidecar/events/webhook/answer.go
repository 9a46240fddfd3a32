package webhook

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Meaning is what an answer says of a request.
type Meaning int

const (
	// Taken: the receiver has it.
	Taken Meaning = iota
	// Gone: the receiver wants nothing any more (410).
	Gone
	// Busy: the receiver has no time (429). That says nothing of what was sent.
	Busy
	// Unreachable: nothing was sent, since no connection was had.
	Unreachable
	// Lost: it was sent and no answer came.
	Lost
	// Refused: the receiver answered that it did not take it, by its own fault or by that
	// of what was sent.
	Refused
)

// Answer of the receiver to a request.
type Answer struct {
	Meaning Meaning
	// Status is that of HTTP, zero if no answer came.
	Status int
	// After is how long the receiver wants to be left alone, zero if it doesn't say.
	After time.Duration
}

// longestAfter is the most that a receiver is left alone for.
const longestAfter = time.Hour

// answerOf reads an answer, of which err is why there is none.
func answerOf(response *http.Response, err error, now time.Time) Answer {
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return Answer{Meaning: Unreachable}
		}
		return Answer{Meaning: Lost}
	}
	a := Answer{Meaning: Refused, Status: response.StatusCode, After: retryAfter(response.Header.Get("Retry-After"), now)}
	switch {
	case a.Status >= 200 && a.Status < 300:
		return Answer{Meaning: Taken, Status: a.Status}
	case a.Status == http.StatusGone:
		a.Meaning = Gone
	case a.Status == http.StatusTooManyRequests:
		a.Meaning = Busy
	}
	return a
}

// retryAfter reads seconds or a date, zero for what is neither or in the past.
func retryAfter(text string, now time.Time) time.Duration {
	var after time.Duration
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), longestAfter)
}
