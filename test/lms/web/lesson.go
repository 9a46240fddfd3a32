package web

import (
	"net/http"
	"slices"
)

func (s *server) lesson(kind string) func(http.ResponseWriter, *http.Request, view) {
	return func(w http.ResponseWriter, r *http.Request, v view) {
		lessons := Lessons()
		i := slices.IndexFunc(lessons, func(l Lesson) bool { return l.ID == r.PathValue("id") })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		v.Lesson, v.Kind = &lessons[i], kind
		v.Title, v.IntervalMs = v.Lesson.Title, s.options.Interval.Milliseconds()
		if i+1 < len(lessons) {
			v.Next = &lessons[i+1]
		}
		s.render(w, http.StatusOK, "lesson.html", v)
	}
}
