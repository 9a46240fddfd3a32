package learner

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/progress-sync/progress-sync/test/truth"
)

// readEvery is how many requests there are for each that is read back.
const readEvery = 4

// readings are what was read back, and how it compares with what was sent.
type readings struct{ all, stale, behind atomic.Int64 }

// Reads are how many answers were read back: all, those that say that more may be known
// elsewhere, and those that do not although an update was missing that had been
// acknowledged.
func (l *Load) Reads() (all, stale, behind int64) {
	return l.reads.all.Load(), l.reads.stale.Load(), l.reads.behind.Load()
}

// read asks any sidecar of a service for a lesson. An answer that shows more than was
// ever sent is an error, and one that no sidecar may give.
func (s *sender) read(ctx context.Context, service int, key truth.Key) error {
	acknowledged, _ := s.load.account.Of(key)
	ask := url.Values{"userId": {key.UserID}, "courseId": {key.CourseID}, "lessonId": {key.LessonID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.anyOf(service)+"/v1/progress?"+ask.Encode(), http.NoBody)
	if err != nil {
		return fmt.Errorf("asking a sidecar: %w", err)
	}
	response, err := s.load.client.Do(request)
	if err != nil {
		return nil //nolint:nilerr // it is down, as it may be
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusServiceUnavailable {
		return nil // it shuts down
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the sidecar answered a read with %d", response.StatusCode)
	}
	var answer struct {
		Progress []struct{ UpdateCount int64 }
		Stale    bool
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil //nolint:nilerr // it ended while it answered
	}
	var shown int64
	for _, p := range answer.Progress {
		shown += p.UpdateCount
	}
	s.load.reads.all.Add(1)
	switch _, sent := s.load.account.Of(key); {
	case shown > sent:
		return fmt.Errorf("%v was read with %d updates, of %d that were sent", key, shown, sent)
	case answer.Stale:
		s.load.reads.stale.Add(1)
	case shown < acknowledged:
		s.load.reads.behind.Add(1)
	}
	return nil
}
