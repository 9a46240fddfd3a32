package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

func (s *server) course(w http.ResponseWriter, r *http.Request, v view) {
	v.Title, v.Overview = "Film course", s.overview(r.Context(), v.Learner)
	s.render(w, http.StatusOK, "course.html", v)
}

// courseProgress tells the course page's script what the page would say if it
// were asked for again.
func (s *server) courseProgress(w http.ResponseWriter, r *http.Request) {
	who, ok := s.sessions.of(r)
	if !ok {
		refuse(w, http.StatusUnauthorized, "log in first")
		return
	}
	answerJSON(w, s.overview(r.Context(), who.Learner))
}

func (s *server) overview(ctx context.Context, learner string) overview {
	known, err := s.readProgress(ctx, learner)
	if err != nil {
		known = progressAnswer{Stale: true}
	}
	return overviewOf(Lessons(), known)
}

// patience with the sidecar is short, since a page has to show within a second
// while the database is away.
const patience = 700 * time.Millisecond

// readProgress asks the sidecar, which merges what is saved with what is not
// saved yet.
func (s *server) readProgress(ctx context.Context, learner string) (known progressAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := s.options.Sidecar.JoinPath("v1/progress")
	address.RawQuery = url.Values{"userId": {learner}, "courseId": {CourseID}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return known, fmt.Errorf("asking the sidecar: %w", err)
	}
	req.Header.Set(s.options.UserHeader, learner)
	resp, err := s.options.Transport.RoundTrip(req)
	if err != nil {
		return known, fmt.Errorf("asking the sidecar: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return known, fmt.Errorf("asking the sidecar: %s", resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&known); err != nil {
		return known, fmt.Errorf("reading the sidecar's answer: %w", err)
	}
	return known, nil
}
