package ingest

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/clocks"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Options are what a Handler works with. All are required but Now, and Panel
// and OpenAPI, whose paths are not found without them.
type Options struct {
	Buffer Buffer
	Syncer Syncer
	Eraser Eraser
	Reader Reader
	State  State
	Limits Limits
	// Now is the clock, time.Now if nil.
	Now func() time.Time
	// Panel serves /ui and what is below.
	Panel http.Handler
	// OpenAPI is the document at /openapi.json.
	OpenAPI []byte
}

const (
	progressPath = "/v1/progress"
	completePath = "/v1/progress/complete"
	panelPath    = "/ui"
	openAPIPath  = "/openapi.json"
)

// Handler serves the local API. The server around it must bound the time to
// read a request.
type Handler struct {
	buffer Buffer
	syncer Syncer
	eraser Eraser
	reader Reader
	state  State
	limits atomic.Pointer[Limits]
	now    func() time.Time
	clocks *clocks.Corrector

	panel   http.Handler
	openAPI []byte

	requests, reads, syncs, streams gate
	patience                        patience

	ending sync.Once
	ended  chan struct{} // closed when streams have to end
	bytes  atomic.Int64  // in flight
	pools  pools
	// Header values that every answer shares.
	jsonType, noStore []string
}

// New makes a Handler.
func New(o Options) *Handler {
	h := &Handler{
		buffer: o.Buffer, syncer: o.Syncer, eraser: o.Eraser, reader: o.Reader, state: o.State,
		ended: make(chan struct{}), panel: o.Panel, openAPI: o.OpenAPI, clocks: clocks.New(),
		jsonType: []string{"application/json"}, noStore: []string{"no-store"},
		pools: pools{layout: scan.NewLayout(progress.Fields())},
	}
	if h.now = o.Now; h.now == nil {
		h.now = time.Now
	}
	h.SetLimits(o.Limits)
	return h
}

// SetLimits takes effect for requests that come later.
func (h *Handler) SetLimits(l Limits) {
	l.UserHeader = http.CanonicalHeaderKey(l.UserHeader)
	h.limits.Store(&l)
}

// AcceptPaths are those that updates are posted to. The answer to such a POST
// takes as long as a disk sync, and needs nothing of the request's context but
// its values.
func AcceptPaths() []string { return []string{progressPath, completePath} }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.isFromHere(w, r) {
		return
	}
	if r.URL.RawQuery != "" {
		if wrong := checkQuery(r.URL.RawQuery); wrong != nil {
			h.writeProblem(w, wrong)
			return
		}
	}
	limits := *h.limits.Load()
	switch r.URL.Path {
	case progressPath:
		switch r.Method {
		case http.MethodPost:
			h.accept(w, r, limits, scan.FormUpdate)
		case http.MethodGet, http.MethodHead:
			h.read(w, r, limits)
		case http.MethodDelete:
			h.reset(w, r, limits)
		default:
			h.refuseMethod(w, "GET, HEAD, POST, DELETE")
		}
	case completePath:
		if r.Method != http.MethodPost {
			h.refuseMethod(w, "POST")
			return
		}
		h.accept(w, r, limits, scan.FormComplete)
	case "/v1/sync":
		switch r.Method {
		case http.MethodPost:
			h.forceSync(w, r, limits)
		case http.MethodGet, http.MethodHead:
			h.readState(w, r, limits)
		default:
			h.refuseMethod(w, "GET, HEAD, POST")
		}
	case "/v1/sync/events":
		h.stream(w, r, limits)
	default:
		h.serveOther(w, r, limits)
	}
}

// serveOther serves the paths that have a part of their own in them.
func (h *Handler) serveOther(w http.ResponseWriter, r *http.Request, limits Limits) {
	if !h.isForLMS(w, r, limits.UserHeader) {
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, deadLettersPath); ok {
		h.deadLetters(w, r, rest, limits)
		return
	}
	if strings.HasPrefix(r.URL.Path, usersPath) {
		h.erase(w, r, limits)
		return
	}
	switch path := r.URL.Path; {
	case h.openAPI != nil && path == openAPIPath:
		h.describe(w, r)
	case h.panel != nil && (path == panelPath || strings.HasPrefix(path, panelPath+"/")):
		h.panel.ServeHTTP(w, r)
	default:
		h.notFound(w)
	}
}

// describe serves GET /openapi.json.
func (h *Handler) describe(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.refuseMethod(w, "GET, HEAD")
		return
	}
	h.write(w, http.StatusOK, h.openAPI)
}

func (h *Handler) notFound(w http.ResponseWriter) {
	h.writeProblem(w, &problem{
		status: http.StatusNotFound, kind: "not-found", title: "Not found",
		detail: "there is no such path; the API is /v1/progress, /v1/progress/complete, /v1/sync, " +
			"/v1/sync/events, /v1/dead-letters and /v1/users",
	})
}

func (h *Handler) refuseMethod(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	h.writeProblem(w, &problem{
		status: http.StatusMethodNotAllowed, kind: "method", title: "Method not allowed",
		detail: "allowed here: " + allowed,
	})
}

func (h *Handler) lease(limits Limits) lease {
	return lease{limit: limits.bytesInFlight(), all: &h.bytes}
}

func (h *Handler) overloaded() *problem {
	return &problem{
		status: http.StatusServiceUnavailable, kind: "overloaded", title: "Too many requests at once",
		detail:     "nothing of this request was kept; send it again, or send several updates in one array",
		retryAfter: time.Second,
	}
}

// write sends an answer that is not a problem.
func (h *Handler) write(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header["Content-Type"], header["Cache-Control"] = h.jsonType, h.noStore
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // it is JSON; and a client that is gone needs no answer
}

// wantsMinimal reports whether the client prefers an answer without content
// (RFC 7240).
func wantsMinimal(r *http.Request) bool {
	for _, line := range r.Header["Prefer"] {
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			if strings.EqualFold(strings.TrimSpace(preference), "return=minimal") {
				return true
			}
		}
	}
	return false
}
