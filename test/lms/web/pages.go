package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Lesson of the course, and how far the learner is.
type Lesson struct {
	ID, Title string
	// Percentage is of the furthest position, 0 to 100.
	Percentage float64
	Completed  bool
}

// Whole percent, so that 100 is all of it.
func (l Lesson) Whole() int { return int(l.Percentage) }

// Lessons of the course, in order.
func Lessons() []Lesson {
	return []Lesson{
		{ID: "lesson-1", Title: "The clock"},
		{ID: "lesson-2", Title: "The clock again"},
		{ID: "lesson-3", Title: "The clock, revisited"},
	}
}

// view is what the templates show.
type view struct {
	Title, Learner, Token, Course, Problem string
	Lessons                                []Lesson
	Lesson, Next                           *Lesson
	// Kind of lesson page: react or element.
	Kind string
	// IntervalMs between two requests; 0 leaves it to the client.
	IntervalMs int64
}

// page wants a session.
func (s *server) page(show func(http.ResponseWriter, *http.Request, view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.sessions.of(r)
		if !ok {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		show(w, r, view{Learner: who.Learner, Token: s.sessions.token(who), Course: CourseID, Lessons: Lessons()})
	}
}

func (s *server) render(w http.ResponseWriter, status int, name string, v view) {
	var page bytes.Buffer
	if err := s.pages.ExecuteTemplate(&page, name, v); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

func (s *server) loginPage(w http.ResponseWriter, _ *http.Request) {
	s.render(w, http.StatusOK, "login.html", view{Title: "Log in"})
}

// login believes everybody, since this is a sample.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	learner := strings.TrimSpace(r.PostFormValue("learner"))
	const longest = 255
	control := func(c rune) bool { return c < ' ' || c == 0x7f || c == utf8.RuneError }
	if learner == "" || utf8.RuneCountInString(learner) > longest || strings.ContainsFunc(learner, control) {
		s.render(w, http.StatusUnprocessableEntity, "login.html", view{Title: "Log in", Problem: "Type a name of 1 to 255 characters."})
		return
	}
	if err := s.sessions.begin(w, r, learner); err != nil {
		http.Error(w, "the session cannot begin", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/course", http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.sessions.of(r); ok && !s.sessions.rightToken(who, r.PostFormValue("csrfToken")) {
		http.Error(w, "the CSRF token is missing or is another session's", http.StatusForbidden)
		return
	}
	s.sessions.end(w, r)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *server) course(w http.ResponseWriter, r *http.Request, v view) {
	v.Title = "Film course"
	if err := s.readProgress(r.Context(), &v); err != nil {
		v.Problem = "Your progress cannot be shown right now. It is kept, and the lessons work."
	}
	s.render(w, http.StatusOK, "course.html", v)
}

// readProgress asks the sidecar, which merges what is saved with what is not
// saved yet.
func (s *server) readProgress(ctx context.Context, v *view) error {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := s.options.Sidecar.JoinPath("v1/progress")
	address.RawQuery = url.Values{"userId": {v.Learner}, "courseId": {v.Course}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the sidecar: %w", err)
	}
	req.Header.Set(s.options.UserHeader, v.Learner)
	resp, err := s.options.Transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("asking the sidecar: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the sidecar: %s", resp.Status)
	}
	var answer struct {
		Progress []struct {
			LessonID   string  `json:"lessonId"`
			Percentage float64 `json:"percentage"`
			Completed  bool    `json:"completed"`
		} `json:"progress"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("reading the sidecar's answer: %w", err)
	}
	for _, p := range answer.Progress {
		if i := indexOf(v.Lessons, p.LessonID); i >= 0 {
			v.Lessons[i].Percentage, v.Lessons[i].Completed = p.Percentage, p.Completed
		}
	}
	return nil
}

func indexOf(lessons []Lesson, id string) int {
	return slices.IndexFunc(lessons, func(l Lesson) bool { return l.ID == id })
}

func (s *server) lesson(kind string) func(http.ResponseWriter, *http.Request, view) {
	return func(w http.ResponseWriter, r *http.Request, v view) {
		i := indexOf(v.Lessons, r.PathValue("id"))
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		v.Lesson, v.Kind = &v.Lessons[i], kind
		v.Title, v.IntervalMs = v.Lesson.Title, s.options.Interval.Milliseconds()
		if i+1 < len(v.Lessons) {
			v.Next = &v.Lessons[i+1]
		}
		s.render(w, http.StatusOK, "lesson.html", v)
	}
}
