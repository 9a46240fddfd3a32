package web

import (
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/progress-sync/progress-sync/test/lms/web/trouble"
)

// CourseID is the course that this LMS has, with the lessons of Lessons.
const CourseID = "film-course"

// Options of New.
type Options struct {
	// Sidecar is the address in PROGRESS_SYNC_URL.
	Sidecar *url.URL
	// UserHeader is the policy's spec.ingest.userHeader. Default X-Progress-User.
	UserHeader string
	// Assets has what bundle.Build made.
	Assets fs.FS
	// SessionKey signs sessions. Replicas need the same one; 32 random bytes.
	// Without it sessions end with the process.
	SessionKey []byte
	// Interval between two requests of a page that plays, in place of the
	// client's 30 s.
	Interval time.Duration
	// Transport to the sidecar. Default http.DefaultTransport.
	Transport http.RoundTripper
	// Trouble lets learners cause some, to see what pages do then: `make try`.
	Trouble *trouble.Desk
}

// filmName is where the lessons' film is.
const filmName = "film.webm"

//go:embed pages/*.html pages/style.css pages/icon.svg
var files embed.FS

type server struct {
	options  Options
	sessions sessions
	pages    *template.Template
}

// New returns the LMS. It fails if Assets lacks what its pages need.
func New(o Options) (http.Handler, error) {
	if o.Sidecar == nil || o.Assets == nil {
		return nil, errors.New("the LMS needs the sidecar's address and the built assets")
	}
	if o.UserHeader == "" {
		o.UserHeader = "X-Progress-User"
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	if len(o.SessionKey) == 0 {
		o.SessionKey = []byte(rand.Text())
	}
	pages, err := fs.Sub(files, "pages")
	if err != nil {
		return nil, err
	}
	templates, err := template.ParseFS(pages, "*.html")
	if err != nil {
		return nil, err
	}
	for _, asset := range []string{"element.js", filmName} {
		if _, err := fs.Stat(o.Assets, asset); err != nil {
			return nil, fmt.Errorf("the assets are not built, go run ./test/lms/web/bundle/build -out DIR: %w", err)
		}
	}
	s := &server{options: o, sessions: sessions{key: o.SessionKey}, pages: templates}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/course", http.StatusSeeOther) })
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("GET "+coursePath, s.page(s.course))
	mux.HandleFunc("GET /course/progress", s.courseProgress)
	mux.HandleFunc("GET /lessons/{id}", s.page(s.lesson("react")))
	mux.HandleFunc("GET /lessons/{id}/element", s.page(s.lesson("element")))
	mux.Handle("/progress/", http.StripPrefix("/progress", s.progress()))
	mux.HandleFunc("GET /style.css", file(pages, "style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", file(pages, "icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /"+filmName, file(o.Assets, filmName, "video/webm"))
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", fresh(http.FileServerFS(o.Assets))))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	var handler http.Handler = mux
	if o.Trouble != nil {
		mux.HandleFunc("GET /try", s.switches)
		mux.HandleFunc("POST /try", s.turn)
		mux.HandleFunc("POST /try/second-device", s.secondDevice)
		handler = o.Trouble.Around(mux, func(r *http.Request) string {
			who, _ := s.sessions.of(r)
			return who.ID
		})
	}
	return http.NewCrossOriginProtection().Handler(secure(handler)), nil
}

// contentPolicy lets pages use what comes from this server and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// fresh lets browsers ask whether there is another build before they use their
// copy, since the scripts of one build belong together.
func fresh(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// file answers range requests, which seeking in the film needs.
func file(from fs.FS, name, mediaType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		http.ServeFileFS(w, r, from, name)
	}
}
