package web

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// coursePath is the page that learners come to.
const coursePath = "/course"

func (s *server) loginPage(w http.ResponseWriter, r *http.Request) {
	s.render(w, http.StatusOK, "login.html", view{Title: "Sign in", Back: localPath(r.FormValue("next"))})
}

// login believes everybody, since this is a sample.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	learner := strings.TrimSpace(r.PostFormValue("learner"))
	back := localPath(r.PostFormValue("next"))
	const longest = 255
	if learner == "" || utf8.RuneCountInString(learner) > longest || strings.ContainsFunc(learner, control) {
		s.render(w, http.StatusUnprocessableEntity, "login.html", view{
			Title: "Sign in", Problem: "Type a name of 1 to 255 characters.", Back: back,
		})
		return
	}
	if err := s.sessions.begin(w, r, learner); err != nil {
		http.Error(w, "the session cannot begin", http.StatusInternalServerError)
		return
	}
	if back == "" {
		back = coursePath
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

func control(c rune) bool { return c < ' ' || c == 0x7f || c == utf8.RuneError }

// localPath is the path if it is one of this site, or else empty: a link to the
// login page must not lead to somebody else's. A browser takes "//" and "/\" for
// the beginning of a host, and leaves out tabs and line ends before it looks.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsRune(path, '\\') || strings.ContainsFunc(path, control) {
		return ""
	}
	if parsed, err := url.Parse(path); err != nil || parsed.Host != "" || parsed.Scheme != "" {
		return ""
	}
	return path
}

func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.sessions.of(r); ok && !s.sessions.rightToken(who, r.PostFormValue("csrfToken")) {
		http.Error(w, "the CSRF token is missing or is another session's", http.StatusForbidden)
		return
	}
	s.sessions.end(w, r)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
