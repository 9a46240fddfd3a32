package sending

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/events/delivery"
	"github.com/progress-sync/progress-sync/sidecar/events/webhook"
)

func TestAnswers(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	answer := func(m delivery.Meaning, status int, after time.Duration) delivery.Answer {
		return delivery.Answer{Meaning: m, Status: status, After: after}
	}
	meaning := func(status int) delivery.Meaning { return webhook.New("").Meaning(status, 1) }
	for name, c := range map[string]struct {
		status int
		after  string
		want   delivery.Answer
	}{
		"200":                        {200, "", answer(delivery.Taken, 200, 0)},
		"204, with a Retry-After":    {204, "60", answer(delivery.Taken, 204, 0)},
		"a redirect is not followed": {307, "", answer(delivery.Refused, 307, 0)},
		"400":                        {400, "", answer(delivery.Refused, 400, 0)},
		"410":                        {410, "", answer(delivery.Gone, 410, 0)},
		"429 with seconds":           {429, "120", answer(delivery.Busy, 429, 2*time.Minute)},
		"429 with a date":            {429, "Sun, 01 Mar 2026 08:00:30 GMT", answer(delivery.Busy, 429, 30*time.Second)},
		"503 with seconds":           {503, "7", answer(delivery.Refused, 503, 7*time.Second)},
		"a date that has passed":     {503, "Sun, 01 Mar 2026 07:00:00 GMT", answer(delivery.Refused, 503, 0)},
		"seconds below zero":         {503, "-7", answer(delivery.Refused, 503, 0)},
		"a year":                     {503, "31536000", answer(delivery.Refused, 503, time.Hour)},
		"nothing of that":            {503, "soon", answer(delivery.Refused, 503, 0)},
	} {
		response := &http.Response{StatusCode: c.status, Header: http.Header{"Retry-After": {c.after}}}
		if got := answerOf(response, nil, now, meaning); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		err  error
		want delivery.Meaning
	}{
		"connection refused":      {fmt.Errorf("post: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")}), delivery.Unreachable},
		"reset after it was sent": {&net.OpError{Op: "read", Err: errors.New("connection reset")}, delivery.Lost},
		"too late":                {context.DeadlineExceeded, delivery.Lost},
	} {
		if got := answerOf(nil, c.err, now, nil).Meaning; got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Sun, 01 Mar 2026 08:00:30 GMT")
	f.Add("9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		if got := retryAfter(text, time.Unix(0, 0)); got < 0 || got > longestAfter {
			t.Errorf("%q: %s", text, got)
		}
	})
}
