package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// PodHeader is where a pod of the LMS names itself in its answers.
const PodHeader = "X-Pod"

// Client posts updates to a sidecar, or to a pod of the LMS that hands them on, and
// reads them.
type Client struct {
	url        string
	http       *http.Client
	userHeader string
}

// NewClient returns a client of the sidecar at url, such as
// http://127.0.0.1:8787, or of an LMS.
func NewClient(url string, client *http.Client) *Client {
	return &Client{url: url + "/v1/progress", http: client}
}

// WithUserHeader makes the client name the learner in this header too, which a
// sidecar wants whose policy has spec.ingest.userHeader; nothing if it is empty.
func (c *Client) WithUserHeader(name string) *Client {
	c.userHeader = name
	return c
}

// Answer is what came of an update.
type Answer struct {
	Outcome truth.Outcome
	// Status is the HTTP status, zero if there was no answer.
	Status int
	// Again says that the same content should be sent again, and RetryAfter
	// after what time at the earliest.
	Again      bool
	RetryAfter time.Duration
	// Took is the time from the request to the answer.
	Took time.Duration
	// Pod of the LMS that answered, empty if a sidecar was asked.
	Pod string
	// Err says what went wrong when there was no answer.
	Err error
}

// event is an update as it is sent.
type event struct {
	truth.Update
	EventID string `json:"eventId,omitempty"`
}

// Send posts one update, once. With an event id it may be sent again and counts once.
func (c *Client) Send(ctx context.Context, eventID string, update truth.Update) Answer {
	body, err := json.Marshal(event{Update: update, EventID: eventID})
	if err != nil {
		return Answer{Outcome: truth.Refused, Err: fmt.Errorf("encoding an update: %w", err)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return Answer{Outcome: truth.Refused, Err: fmt.Errorf("asking the sidecar: %w", err)}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Prefer", "return=minimal")
	if c.userHeader != "" {
		req.Header.Set(c.userHeader, update.UserID)
	}
	asked := time.Now()
	resp, err := c.http.Do(req)
	took := time.Since(asked)
	if err != nil {
		return unanswered(err)
	}
	defer func() { _ = resp.Body.Close() }()
	// What is read to its end leaves the connection usable.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	answer := Answer{Status: resp.StatusCode, Took: took, Pod: resp.Header.Get(PodHeader)}
	switch resp.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		answer.Outcome = truth.Acknowledged
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
		answer.Outcome, answer.Again = truth.Refused, true
		if inDoubt(text) {
			answer.Outcome = truth.Uncertain
		}
		answer.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	default:
		answer.Outcome = truth.Refused
		if resp.StatusCode < 300 || resp.StatusCode >= 500 {
			// Nothing promises that such an answer took or refused it.
			answer.Outcome = truth.Uncertain
		}
	}
	return answer
}

// inDoubt says whether a refusal is that of a sidecar which does not know whether the
// learner's home has accepted the update.
func inDoubt(body []byte) bool {
	var problem struct{ Type string }
	return json.Unmarshal(body, &problem) == nil && problem.Type == "urn:progress-sync:problem:in-doubt"
}

// unanswered tells the errors apart after which the sidecar can't have seen the
// request from those after which it may have.
func unanswered(err error) Answer {
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "dial" {
		return Answer{Outcome: truth.Refused, Again: true, Err: fmt.Errorf("connecting to the sidecar: %w", err)}
	}
	return Answer{Outcome: truth.Uncertain, Again: true, Err: fmt.Errorf("waiting for the sidecar: %w", err)}
}

// retryAfter reads seconds or an HTTP date; zero if there is neither.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
