package report

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/progress-sync/progress-sync/test/truth"
)

// Reading is what a page of a lesson shows when it is opened.
type Reading struct {
	// Position in seconds, and the time of the newest update that is in it; zero where
	// nothing is known of the lesson.
	Position float64
	Newest   time.Time
	// Stale says that the answer may lack what was just sent.
	Stale bool
	// Pod of the LMS that answered, empty if a sidecar was asked.
	Pod string
}

// Read asks once where the learner is in a lesson. Any answer but 200 is an error.
func (c *Client) Read(ctx context.Context, key truth.Key) (Reading, error) {
	query := url.Values{"userId": {key.UserID}, "courseId": {key.CourseID}, "lessonId": {key.LessonID}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"?"+query.Encode(), nil)
	if err != nil {
		return Reading{}, fmt.Errorf("reading progress: %w", err)
	}
	if c.userHeader != "" {
		req.Header.Set(c.userHeader, key.UserID)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Reading{}, fmt.Errorf("reading progress: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return Reading{}, fmt.Errorf("reading progress: %s", resp.Status)
	}
	var answer struct {
		Progress []struct {
			PositionSeconds float64
			LastWatchedAt   time.Time
		}
		Stale bool
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return Reading{}, fmt.Errorf("reading progress: %w", err)
	}
	r := Reading{Stale: answer.Stale, Pod: resp.Header.Get(PodHeader)}
	if len(answer.Progress) > 0 {
		r.Position, r.Newest = answer.Progress[0].PositionSeconds, answer.Progress[0].LastWatchedAt
	}
	return r, nil
}
