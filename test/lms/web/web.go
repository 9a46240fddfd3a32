package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"time"
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
	// client's 10 s.
	Interval time.Duration
	// Transport to the sidecar. Default http.DefaultTransport.
	Transport http.RoundTripper
}

//go:embed pages/*.html pages/style.css pages/icon.svg pages/film.webm
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
	pages, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(o.Assets, "element.js"); err != nil {
		return nil, fmt.Errorf("the assets are not built, go run ./test/lms/web/bundle/build -out DIR: %w", err)
	}
	s := &server{options: o, sessions: sessions{key: o.SessionKey}, pages: pages}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/course", http.StatusSeeOther) })
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("GET /course", s.page(s.course))
	mux.HandleFunc("GET /lessons/{id}", s.page(s.lesson("react")))
	mux.HandleFunc("GET /lessons/{id}/element", s.page(s.lesson("element")))
	mux.Handle("/progress/", http.StripPrefix("/progress", s.progress()))
	mux.HandleFunc("GET /style.css", static("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", static("icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /film.webm", static("film.webm", "video/webm"))
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(o.Assets)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return http.NewCrossOriginProtection().Handler(s.secure(mux)), nil
}

// contentPolicy lets pages use what comes from this server and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// static answers range requests, which seeking in the film needs.
func static(name, mediaType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		content, err := files.ReadFile("pages/" + name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	}
}
