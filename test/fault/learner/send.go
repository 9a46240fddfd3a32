package learner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// event is an update with an id of its own.
type event struct {
	*truth.Update
	EventID string `json:"eventId,omitempty"`
	// Leaving is no part of what is accounted for: it changes no row.
	Leaving bool `json:"leaving,omitempty"`
}

// Of so many updates one says that its learner leaves, and of so many requests one is
// followed by an update that says nothing else.
const (
	departing = 200
	hinting   = 20
)

// Of so many requests one is given up before its answer can be expected.
const (
	impatience = 30
	shortest   = 4 * time.Millisecond
)

// send makes one request and tells what became of each entry.
func (s *sender) send(ctx context.Context, address string, entries []truth.Entry) ([]truth.Outcome, error) {
	events := make([]event, len(entries))
	for i, e := range entries {
		events[i].Update = e.Update
		events[i].Leaving = s.random.IntN(departing) == 0
		if s.persistent {
			events[i].EventID = e.ID
		}
	}
	var content any = events
	if len(events) == 1 {
		content = events[0]
	}
	body, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encoding updates: %w", err)
	}
	if s.random.IntN(impatience) == 0 {
		s.load.abandoned.Add(1)
		short, hangUp := context.WithTimeout(ctx, time.Duration(s.random.Int64N(int64(shortest))))
		defer hangUp()
		ctx = short
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"http://"+address+"/v1/progress", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking a sidecar: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if s.random.IntN(2) == 0 {
		request.Header.Set("Prefer", "return=minimal")
	}
	response, err := s.load.client.Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return all(truth.Refused, len(entries)), nil
	case err != nil:
		return all(truth.Uncertain, len(entries)), nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return all(truth.Uncertain, len(entries)), nil
	}
	return outcomes(response.StatusCode, answer, len(entries))
}

// leave says that the learner of an entry leaves, if the sidecar is there to hear it.
func (s *sender) leave(ctx context.Context, address string, e truth.Entry) {
	body, err := json.Marshal(map[string]any{"userId": e.Update.UserID, "courseId": e.Update.CourseID, "lessonId": e.Update.LessonID, "leaving": true})
	if err != nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/progress", bytes.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	if response, err := s.load.client.Do(request); err == nil {
		defer response.Body.Close()
	}
}

func all(outcome truth.Outcome, n int) []truth.Outcome {
	outcomes := make([]truth.Outcome, n)
	for i := range outcomes {
		outcomes[i] = outcome
	}
	return outcomes
}

// outcomes reads an answer, by what the API promises of each status.
func outcomes(code int, answer []byte, n int) ([]truth.Outcome, error) {
	switch code {
	case http.StatusOK, http.StatusNoContent:
		return all(truth.Acknowledged, n), nil
	case http.StatusMultiStatus:
		var some struct {
			Errors []struct {
				Index, Status int
				Detail        string
			}
		}
		if err := json.Unmarshal(answer, &some); err != nil {
			return nil, fmt.Errorf("reading an answer: %w", err)
		}
		outcomes := all(truth.Acknowledged, n)
		for _, e := range some.Errors {
			if e.Index < 0 || e.Index >= n {
				return nil, fmt.Errorf("the sidecar refused what was not sent: %s", answer)
			}
			switch {
			case e.Status == http.StatusTooManyRequests, isOfHome(e.Status) && strings.Contains(e.Detail, "kept nothing"):
				outcomes[e.Index] = truth.Refused
			case isOfHome(e.Status):
				outcomes[e.Index] = truth.Uncertain
			default:
				return nil, fmt.Errorf("the sidecar refused a good update: %s", answer)
			}
		}
		return outcomes, nil
	case http.StatusServiceUnavailable:
		// After an error of the disk nobody knows what is on it, nor what a home has that
		// did not answer.
		if strings.Contains(string(answer), "disk-failed") || strings.Contains(string(answer), "in-doubt") {
			return all(truth.Uncertain, n), nil
		}
		return all(truth.Refused, n), nil
	case http.StatusTooManyRequests, http.StatusInsufficientStorage:
		return all(truth.Refused, n), nil
	}
	return nil, fmt.Errorf("the sidecar answered %d: %s", code, answer)
}

// isOfHome reports whether an item may be refused with this status because of its
// learner's home alone.
func isOfHome(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusInsufficientStorage
}
