package sending

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
)

// longestAfter is the most that a receiver is left alone for.
const longestAfter = time.Hour

// answerOf reads an answer, of which err is why there is none. Meaning says what a status
// means.
func answerOf(response *http.Response, err error, now time.Time, meaning func(status int) delivery.Meaning) delivery.Answer {
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return delivery.Answer{Meaning: delivery.Unreachable}
		}
		return delivery.Answer{Meaning: delivery.Lost}
	}
	a := delivery.Answer{Meaning: meaning(response.StatusCode), Status: response.StatusCode}
	if a.Meaning != delivery.Taken {
		a.After = retryAfter(response.Header.Get("Retry-After"), now)
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
