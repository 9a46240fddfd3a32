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

// readEvery is how many requests of a persistent sender there are for each after which
// it reads back.
const readEvery = 4

// readings are what was read back, and how it compares with what was sent.
type readings struct{ all, stale, behind, ahead atomic.Int64 }

// Reads are how many updates were read back once they were acknowledged: all, those of
// which the answer says that more may be known elsewhere, those that are missing in an
// answer that does not, and those that are there twice: an update that waits to be merged
// may have been merged and saved by another sidecar, which the rows tell in the end.
func (l *Load) Reads() (all, stale, behind, ahead int64) {
	return l.reads.all.Load(), l.reads.stale.Load(), l.reads.behind.Load(), l.reads.ahead.Load()
}

// readBack sends an update of a lesson that only this sender knows, through any sidecar
// of a service, and reads it through any other. An answer that no sidecar may give is an
// error.
func (s *sender) readBack(ctx context.Context, service int) error {
	key := truth.Key{
		UserID: fmt.Sprintf("reader %d of %d", s.index, service), CourseID: s.load.options.Course,
		LessonID: fmt.Sprintf("lesson %d", s.random.IntN(lessons)),
	}
	if err := s.deliver(ctx, service, s.updates(1, func() truth.Key { return key })); err != nil {
		return err
	}
	shown, stale, ok, err := s.read(ctx, s.anyOf(service), key)
	if err != nil || !ok {
		return err
	}
	acknowledged, sent := s.load.account.Of(key)
	s.load.reads.all.Add(1)
	switch {
	case shown > sent:
		s.load.reads.ahead.Add(1)
	case stale:
		s.load.reads.stale.Add(1)
	case shown < acknowledged:
		s.load.reads.behind.Add(1)
	}
	return nil
}

// read returns how many updates of a lesson a sidecar shows; not ok if it is down, which
// it may be.
func (s *sender) read(ctx context.Context, address string, key truth.Key) (shown int64, stale, ok bool, err error) {
	ask := url.Values{"userId": {key.UserID}, "courseId": {key.CourseID}, "lessonId": {key.LessonID}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/progress?"+ask.Encode(), http.NoBody)
	if err != nil {
		return 0, false, false, fmt.Errorf("asking a sidecar: %w", err)
	}
	response, err := s.load.client.Do(request)
	if err != nil {
		return 0, false, false, nil // it is down
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusServiceUnavailable: // it shuts down
		return 0, false, false, nil
	default:
		return 0, false, false, fmt.Errorf("the sidecar answered a read with %d", response.StatusCode)
	}
	var answer struct {
		Progress []struct{ UpdateCount int64 }
		Stale    bool
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, false, false, nil // it ended while it answered
	}
	for _, p := range answer.Progress {
		shown += p.UpdateCount
	}
	return shown, answer.Stale, true, nil
}
