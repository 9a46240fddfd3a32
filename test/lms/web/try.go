package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/test/lms/web/film"
)

// switches tells what the session of the page has switched on.
func (s *server) switches(w http.ResponseWriter, r *http.Request) {
	who, ok := s.sessions.of(r)
	if !ok {
		refuse(w, http.StatusUnauthorized, "log in first")
		return
	}
	answerJSON(w, s.options.Trouble.Of(who.ID))
}

// turn turns the switch `name`; an empty `value` turns it off.
func (s *server) turn(w http.ResponseWriter, r *http.Request) {
	who, ok := s.trusted(w, r)
	if !ok {
		return
	}
	switches, err := s.options.Trouble.Turn(r.Context(), who.ID, r.PostFormValue("name"), r.PostFormValue("value"))
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	answerJSON(w, switches)
}

// trusted is the session of a request that has its token; without one it is refused.
func (s *server) trusted(w http.ResponseWriter, r *http.Request) (session, bool) {
	who, ok := s.sessions.of(r)
	switch {
	case !ok:
		refuse(w, http.StatusUnauthorized, "log in first")
	case !s.sessions.rightToken(who, r.Header.Get("X-CSRF-Token")):
		refuse(w, http.StatusForbidden, "the CSRF token is missing or is another session's")
		ok = false
	}
	return who, ok
}

// secondDevice does what another device of the learner would: it watches a minute
// more of a lesson, but not so much that nothing is left to go on with.
func (s *server) secondDevice(w http.ResponseWriter, r *http.Request) {
	who, ok := s.trusted(w, r)
	if !ok {
		return
	}
	position, err := s.watchElsewhere(r.Context(), who.Learner, r.PostFormValue("lesson"))
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answerJSON(w, map[string]string{"says": "Another device has watched up to " + clock(position)})
}

func (s *server) watchElsewhere(ctx context.Context, learner, lesson string) (position float64, err error) {
	const more, most, length = 60, 105, film.Seconds
	known, err := s.readProgress(ctx, learner)
	if err != nil {
		return 0, err
	}
	position = more
	for _, r := range known.Progress {
		if r.LessonID == lesson {
			position = min(most, r.PositionSeconds+more)
		}
	}
	update, err := json.Marshal(map[string]any{
		"userId": learner, "courseId": CourseID, "lessonId": lesson,
		"currentTime": position, "duration": length, "watchedDelta": more,
	})
	if err != nil {
		return 0, fmt.Errorf("writing the update: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.Sidecar.JoinPath("v1/progress").String(), bytes.NewReader(update))
	if err != nil {
		return 0, fmt.Errorf("writing to the sidecar: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(s.options.UserHeader, learner)
	resp, err := s.options.Transport.RoundTrip(req)
	if err != nil {
		return 0, fmt.Errorf("writing to the sidecar: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("writing to the sidecar: %s", resp.Status)
	}
	return position, nil
}
