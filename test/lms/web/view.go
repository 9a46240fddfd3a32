package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/progress-sync/progress-sync/test/lms/web/trouble"
)

// Lesson of the course.
type Lesson struct{ ID, Title string }

// Lessons of the course, in order.
func Lessons() []Lesson {
	return []Lesson{
		{ID: "lesson-1", Title: "A day by the sea"},
		{ID: "lesson-2", Title: "How the light moves"},
		{ID: "lesson-3", Title: "What the boat does"},
	}
}

// view is what the templates show.
type view struct {
	Title, Learner, Token, Course, Problem string
	// Overview is of the course page.
	Overview overview
	// Lesson, Next and Kind, which is react or element, are of a lesson page.
	Lesson, Next *Lesson
	Kind         string
	// IntervalMs between two requests; 0 leaves it to the client.
	IntervalMs int64
	// Back is the page to go to after signing in, empty for the course.
	Back string
	// Trouble has the switches of `make try`; nil where there are none.
	Trouble *trouble.Switches
}

// SignIn is where to sign in to come back to this page.
func (v view) SignIn() string { return signInAt(v.Back) }

func signInAt(back string) string {
	if back == "" {
		return "/login"
	}
	return "/login?" + url.Values{"next": {back}}.Encode()
}

// page wants a session.
func (s *server) page(show func(http.ResponseWriter, *http.Request, view)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.sessions.of(r)
		back := r.URL.Path
		if back == coursePath {
			back = ""
		}
		if !ok {
			http.Redirect(w, r, signInAt(back), http.StatusSeeOther)
			return
		}
		s.sessions.tell(w, r, who)
		v := view{Learner: who.Learner, Token: s.sessions.token(who), Course: CourseID, Back: back}
		if s.options.Trouble != nil {
			switches := s.options.Trouble.Of(who.ID)
			v.Trouble = &switches
		}
		show(w, r, v)
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

func answerJSON(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(what) // whoever asked has gone
}
