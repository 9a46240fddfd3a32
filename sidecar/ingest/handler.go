package ingest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/clocks"
	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/timing"
)

// Options are what a Handler works with. All are required but Homes, without which each
// learner's home is here, Terms, Now, and Events, Undelivered, Statistics, Panel and OpenAPI, whose paths are not found without them.
type Options struct {
	Buffer Buffer
	Syncer Syncer
	Eraser Eraser
	Reader Reader
	State  State
	Homes  Homes
	// Events serves /v1/events.
	Events Events
	// Undelivered serves the paths below that.
	Undelivered Undelivered
	// Statistics serves the paths of statistics and courses.
	Statistics Statistics
	Limits     Limits
	// Terms tell the variants of learners; nil for none.
	Terms *timing.Table
	// Now is the clock, time.Now if nil.
	Now func() time.Time
	// Panel serves /ui and what is below.
	Panel http.Handler
	// OpenAPI is the document at /openapi.json.
	OpenAPI []byte
}

// Handler serves the local API. The server around it must bound the time to
// read a request.
type Handler struct {
	buffer      Buffer
	syncer      Syncer
	eraser      Eraser
	reader      Reader
	state       State
	homes       Homes
	events      Events
	undelivered Undelivered
	statistics  Statistics
	limits      atomic.Pointer[Limits]
	terms       atomic.Pointer[timing.Table]
	now         func() time.Time
	clocks      *clocks.Corrector

	mux     *http.ServeMux
	panel   http.Handler
	openAPI []byte

	requests, reads, syncs, streams, reports semaphore
	handedStreams                            semaphore // streams that other sidecars hand on
	patience                                 patience

	ending sync.Once
	ended  chan struct{} // closed when streams have to end
	bytes  atomic.Int64  // in flight
	pools  pools
	ranges standards.Ranges
	told   *told
	// unpacker is for bodies that clients have compressed.
	unpacker coding.Unpacker
	// Header values that answers share, preferences by what is preferred.
	jsonType, noStore []string
	preferences       [3][]string
}

// New makes a Handler.
func New(o Options) *Handler {
	h := &Handler{
		buffer: o.Buffer, syncer: o.Syncer, eraser: o.Eraser, reader: o.Reader, state: o.State, homes: o.Homes,
		events: o.Events, undelivered: o.Undelivered, statistics: o.Statistics,
		ended: make(chan struct{}), panel: o.Panel, openAPI: o.OpenAPI, clocks: clocks.New(),
		jsonType: []string{"application/json"}, noStore: []string{"no-store"}, preferences: preferenceWords(),
		pools: pools{layout: scan.NewLayout(progress.Fields())}, ranges: standards.RangesOf(progress.Fields()), told: newTold(),
	}
	if h.now = o.Now; h.now == nil {
		h.now = time.Now
	}
	h.SetLimits(o.Limits)
	h.SetTerms(o.Terms)
	h.mux = h.routes()
	return h
}

// SetLimits takes effect for requests that come later.
func (h *Handler) SetLimits(l Limits) {
	l.UserHeader = http.CanonicalHeaderKey(l.UserHeader)
	h.limits.Store(&l)
}

// BodyPaths are those that bodies are sent to, as package front has them. The answer to
// an update takes as long as a disk sync, that to a catalogue as long as the database;
// they need nothing of the request's context but its values.
func BodyPaths() []string {
	return []string{progressPath, completePath, coursesPath + "/", statementsPath, caliperPath}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.admits(w, r) {
		return
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == progressPath: // nearly all requests
		h.accept(w, r, *h.limits.Load(), scan.FormUpdate)
	case !isClean(r.URL.EscapedPath()):
		h.forLMS(h.notFound)(w, r)
	default:
		h.mux.ServeHTTP(w, r)
	}
}

// admits answers a request of no use on any path, and reports false then.
func (h *Handler) admits(w http.ResponseWriter, r *http.Request) bool {
	if !h.isFromHere(w, r) {
		return false
	}
	if r.URL.RawQuery != "" {
		if wrong := checkQuery(r.URL.RawQuery); wrong != nil {
			h.writeProblem(w, wrong)
			return false
		}
	}
	return true
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
	_, _ = w.Write(body)
}
