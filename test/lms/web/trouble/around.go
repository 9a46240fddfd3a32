package trouble

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Around is the LMS with the trouble that the session of a request has switched
// on; sessionOf names it, or is empty.
func (d *Desk) Around(lms http.Handler, sessionOf func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		on, cut := d.read(sessionOf(r))
		toSidecar := strings.HasPrefix(r.URL.Path, "/progress/")
		if toSidecar {
			// A stream of events that is open must end with what let it through.
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			go func() {
				select {
				case <-cut:
					cancel()
				case <-ctx.Done():
				}
			}()
			r = r.WithContext(ctx)
		}
		if toSidecar && on.Slow && !wait(r.Context(), d.delay) || toSidecar && on.Offline {
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		if !serveExpired(w, r, lms, on.Expired, toSidecar) {
			lms.ServeHTTP(w, r)
		}
	})
}

// serveExpired answers as an LMS does whose session has ended. False leaves the
// answer to the LMS.
func serveExpired(w http.ResponseWriter, r *http.Request, lms http.Handler, how Expiry, toSidecar bool) bool {
	if how == "" || strings.HasPrefix(r.URL.Path, "/try") {
		return false
	}
	stranger := r.Clone(r.Context())
	stranger.Header.Del("Cookie")
	switch {
	case how == Forbidden:
		if !toSidecar {
			return false
		}
		r.Header.Set("X-CSRF-Token", "of a session that has ended")
		return false
	case how == Redirect && toSidecar:
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return true
	case how == Page && toSidecar:
		stranger.Method, stranger.Body = http.MethodGet, http.NoBody
		stranger.URL.Path, stranger.URL.RawPath, stranger.URL.RawQuery = "/login", "", ""
	}
	lms.ServeHTTP(w, stranger)
	return true
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
