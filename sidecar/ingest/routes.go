package ingest

import (
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

const (
	progressPath    = "/v1/progress"
	completePath    = "/v1/progress/complete"
	syncPath        = "/v1/sync"
	eventsPath      = "/v1/sync/events"
	deadLettersPath = "/v1/dead-letters"
	usersPath       = "/v1/users"
	statsPath       = "/v1/stats"
	coursesPath     = "/v1/courses"
	panelPath       = "/ui"
	openAPIPath     = "/openapi.json"
	xapiPath        = "/v1/xapi/"
	statementsPath  = "/v1/xapi/statements"
	aboutPath       = "/v1/xapi/about"
	caliperPath     = "/v1/caliper"
)

// endpoint answers a request under the limits of the moment.
type endpoint func(w http.ResponseWriter, r *http.Request, limits Limits)

// methods are the endpoints of a path by their HTTP methods. The patterns of
// the ServeMux name no methods, for two reasons. It answers other methods in
// plain text. And its Allow header has the methods of each pattern that the
// path matches, while /v1/dead-letters/{id} also matches the path of all
// replays.
type methods map[string]endpoint

// reads are the methods of a path that is only read.
func reads(s endpoint) methods { return methods{http.MethodGet: s, http.MethodHead: s} }

// allowed are the methods as the header Allow has them.
func (m methods) allowed() string {
	var names []string
	for _, name := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if m[name] != nil {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// routes are all paths.
func (h *Handler) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, m := range map[string]methods{
		progressPath: {
			http.MethodGet: h.read, http.MethodHead: h.read,
			http.MethodPost: h.acceptAs(scan.FormUpdate), http.MethodDelete: h.reset,
		},
		completePath: {http.MethodPost: h.acceptAs(scan.FormComplete)},
		syncPath:     {http.MethodGet: h.readState, http.MethodHead: h.readState, http.MethodPost: h.forceSync},
		eventsPath:   {http.MethodGet: h.stream},
	} {
		mux.HandleFunc(pattern, h.byMethod(m))
	}
	h.standardRoutes(mux)
	for pattern, m := range map[string]methods{
		deadLettersPath:             reads(h.limited(h.listDeadLetters)),
		deadLettersPath + "/replay": {http.MethodPost: h.limited(h.replayDeadLetters)},
		deadLettersPath + "/{id}": {
			http.MethodGet: h.limited(h.byID(h.readDeadLetter)), http.MethodHead: h.limited(h.byID(h.readDeadLetter)),
			http.MethodDelete: h.limited(h.byID(h.deleteDeadLetter)),
		},
		deadLettersPath + "/{id}/replay": {http.MethodPost: h.limited(h.byID(h.replayDeadLetter))},
		usersPath + "/{userId}":          {http.MethodDelete: h.erase},
	} {
		mux.HandleFunc(pattern, h.forLMS(h.byMethod(m)))
	}
	if h.events != nil {
		mux.HandleFunc(outboxPath, h.forLMS(h.byMethod(methods{http.MethodGet: h.limited(h.pull)})))
	}
	if h.undelivered != nil {
		mux.HandleFunc(undeliveredPath, h.forLMS(h.byMethod(reads(h.limited(h.listUndelivered)))))
		mux.HandleFunc(redeliverPath, h.forLMS(h.byMethod(methods{http.MethodPost: h.limited(h.redeliver)})))
	}
	if h.statistics != nil {
		mux.HandleFunc(statsPath, h.byMethod(reads(h.readStats)))
		mux.HandleFunc(statsPath+"/courses/{courseId}", h.forLMS(h.byMethod(reads(h.readCourseStats))))
		mux.HandleFunc(coursesPath+"/{courseId}", h.forLMS(h.byMethod(methods{
			http.MethodGet: h.limited(h.readCatalogue), http.MethodHead: h.limited(h.readCatalogue),
			http.MethodPut: h.putCatalogue, http.MethodDelete: h.deleteCatalogue,
		})))
	}
	if h.openAPI != nil {
		mux.HandleFunc(openAPIPath, h.forLMS(h.byMethod(reads(h.describe))))
	}
	if h.panel != nil {
		mux.HandleFunc(panelPath, h.forLMS(h.panel.ServeHTTP))
		mux.HandleFunc(panelPath+"/", h.forLMS(h.panel.ServeHTTP))
	}
	mux.HandleFunc("/", h.forLMS(h.notFound))
	return mux
}

// standardRoutes are the paths of the field's standards. A record store would answer
// reads of statements, too; they are no methods of the path here.
func (h *Handler) standardRoutes(mux *http.ServeMux) {
	mux.HandleFunc(caliperPath, h.byMethod(methods{http.MethodPost: h.ofStandard(config.StandardCaliper, h.postEnvelope)}))
	mux.HandleFunc(aboutPath, speaking(h.forLMS(h.byMethod(reads(h.ofXAPI(h.about))))))
	write := h.byMethod(methods{
		http.MethodPost: h.ofXAPI(h.versioned(h.postStatements)), http.MethodPut: h.ofXAPI(h.versioned(h.putStatement)),
	})
	unkept := h.ofXAPI(h.notStored)
	mux.HandleFunc(statementsPath, speaking(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			unkept(w, r, *h.limits.Load())
			return
		}
		write(w, r)
	}))
	mux.HandleFunc(xapiPath, speaking(func(w http.ResponseWriter, r *http.Request) { unkept(w, r, *h.limits.Load()) }))
}

func (h *Handler) byMethod(m methods) http.HandlerFunc {
	allowed := m.allowed()
	return func(w http.ResponseWriter, r *http.Request) {
		if s, found := m[r.Method]; found {
			s(w, r, *h.limits.Load())
		} else {
			h.refuseMethod(w, allowed)
		}
	}
}

// forLMS is a handler for requests that don't speak for a learner.
func (h *Handler) forLMS(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.isForLMS(w, r, h.limits.Load().UserHeader) {
			next(w, r)
		}
	}
}

// limited is for requests that take one of the places of Limits.MaxConcurrent.
func (h *Handler) limited(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, limits Limits) {
		if !h.requests.enter(limits.MaxConcurrent) {
			h.writeProblem(w, h.overloaded())
			return
		}
		defer h.requests.leave()
		next(w, r, limits)
	}
}

// byID is for the dead letter that the path names.
func (h *Handler) byID(do func(w http.ResponseWriter, id uint64)) endpoint {
	return func(w http.ResponseWriter, r *http.Request, _ Limits) {
		id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
		if err != nil {
			h.writeProblem(w, noDeadLetter())
			return
		}
		do(w, id)
	}
}

// isClean is false for a path that a ServeMux answers with a redirect to another
// one. This API has no two paths for one thing.
func isClean(p string) bool {
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return p == clean
}

// describe serves GET /openapi.json.
func (h *Handler) describe(w http.ResponseWriter, _ *http.Request, _ Limits) {
	h.write(w, http.StatusOK, h.openAPI)
}

func (h *Handler) notFound(w http.ResponseWriter, _ *http.Request) {
	h.writeProblem(w, &problem{
		status: http.StatusNotFound, kind: "not-found", title: "Not found",
		detail: "there is no such path; the API is /v1/progress, /v1/progress/complete, /v1/sync, " +
			"/v1/sync/events, /v1/events, /v1/stats, /v1/courses, /v1/xapi/statements, /v1/caliper, /v1/dead-letters and /v1/users",
	})
}

func (h *Handler) refuseMethod(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	h.writeProblem(w, &problem{
		status: http.StatusMethodNotAllowed, kind: "method", title: "Method not allowed",
		detail: "allowed here: " + allowed,
	})
}
