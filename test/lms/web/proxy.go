package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
)

// A browser needs these of the sidecar. The rest, such as erasing a learner, is
// for the LMS's own backend.
var learnerPaths = []string{"/v1/progress", "/v1/progress/complete", "/v1/sync", "/v1/sync/events", "/v1/stats"}

// maxBody is above what a page sends at once, 64 KiB.
const maxBody = 256 << 10

// progress hands what a page sends over to the sidecar, in the name of the
// learner who has logged in.
func (s *server) progress() http.Handler {
	proxy := &httputil.ReverseProxy{
		Transport:     s.options.Transport,
		FlushInterval: -1, // server-sent events arrive as they are sent
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(s.options.Sidecar)
			r.Out.Host = "127.0.0.1" // the sidecar takes nothing else
			for _, own := range []string{"Cookie", "Origin", "Referer", "X-CSRF-Token"} {
				r.Out.Header.Del(own)
			}
			who, _ := s.sessions.of(r.In)
			r.Out.Header.Set(s.options.UserHeader, who.Learner) // replaces what the browser sent
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
				refuse(w, http.StatusRequestEntityTooLarge, "that is more than a page sends")
				return
			}
			w.Header().Set("Retry-After", "5")
			refuse(w, http.StatusServiceUnavailable, "the sidecar does not answer; the page tries again")
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.sessions.of(r)
		switch {
		case !slices.Contains(learnerPaths, r.URL.Path):
			refuse(w, http.StatusNotFound, "there is no such path for learners")
		case !ok:
			refuse(w, http.StatusUnauthorized, "log in first")
		case r.Method != http.MethodGet && !s.sessions.rightToken(who, requestToken(w, r)):
			refuse(w, http.StatusForbidden, "the CSRF token is missing or is another session's")
		default:
			proxy.ServeHTTP(w, r)
		}
	})
}

// requestToken is in the header or, since a beacon has none, in the body.
func requestToken(w http.ResponseWriter, r *http.Request) string {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if token := r.Header.Get("X-CSRF-Token"); token != "" {
		return token
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	type update struct {
		Token string `json:"csrfToken"`
	}
	updates := make([]update, 1)
	if json.Unmarshal(body, &updates) != nil && json.Unmarshal(body, &updates[0]) != nil || len(updates) == 0 {
		return ""
	}
	return updates[0].Token
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": why})
}
