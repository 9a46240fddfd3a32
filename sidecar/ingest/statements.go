package ingest

import (
	"net/http"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/ingest/caliper"
	"github.com/progress-sync/progress-sync/sidecar/ingest/standards"
	"github.com/progress-sync/progress-sync/sidecar/ingest/xapi"
)

// versionHeader names the version of xAPI in requests and answers.
const versionHeader = "X-Experience-API-Version"

// The latest of the versions that are spoken.
const (
	version1 = "1.0.3"
	version2 = "2.0.0"
)

// speaking names the version in every answer of the paths of xAPI.
func speaking(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		version := version1
		if v := r.Header.Get(versionHeader); v == "2.0" || strings.HasPrefix(v, "2.0.") {
			version = version2
		}
		w.Header().Set(versionHeader, version)
		next(w, r)
	}
}

func (h *Handler) ofXAPI(next endpoint) endpoint { return h.ofStandard(config.StandardXAPI, next) }

// versioned refuses requests of another version, or of none.
func (h *Handler) versioned(next endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request, limits Limits) {
		v := r.Header.Get(versionHeader)
		if v == "1.0" || v == "2.0" || strings.HasPrefix(v, "1.0.") || strings.HasPrefix(v, "2.0.") {
			next(w, r, limits)
			return
		}
		h.refuse(w, &refusal{ReasonInvalid, problem{
			status: http.StatusBadRequest, kind: "xapi-version", title: "Another version of xAPI",
			detail: "the header " + versionHeader + " must be there, as " + version1 + " or another 1.0.x, or " + version2 + "; nothing was kept",
		}})
	}
}

// postStatements serves POST /v1/xapi/statements: it answers with the ids.
func (h *Handler) postStatements(w http.ResponseWriter, r *http.Request, limits Limits) {
	if wrong := onlyParameter(r, ""); wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	events, ok := h.take(w, r, limits, config.StandardXAPI, xapi.Decode)
	if !ok {
		return
	}
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	h.writeJSON(w, http.StatusOK, ids)
}

const statementID = "statementId"

// putStatement serves PUT /v1/xapi/statements?statementId=…
func (h *Handler) putStatement(w http.ResponseWriter, r *http.Request, limits Limits) {
	if wrong := onlyParameter(r, statementID); wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	id := r.URL.Query().Get(statementID)
	if !standards.IsUUID(id) {
		h.writeProblem(w, queryProblem(statementID, "must be there, as a UUID"))
		return
	}
	_, ok := h.take(w, r, limits, config.StandardXAPI, func(body []byte, ask *standards.Ask) ([]standards.Event, *standards.Mistake) {
		event, mistake := xapi.DecodeOne(body, id, ask)
		return []standards.Event{event}, mistake
	})
	if ok {
		w.WriteHeader(http.StatusNoContent)
	}
}

// onlyParameter refuses parameters other than that one, as xAPI asks.
func onlyParameter(r *http.Request, allowed string) *problem {
	for name := range r.URL.Query() {
		if name != allowed {
			return queryProblem("the query", "has a parameter that this call does not know, or in other letters; "+
				"requests in a form (the alternate request syntax) are not taken")
		}
	}
	return nil
}

// about serves GET /v1/xapi/about.
func (h *Handler) about(w http.ResponseWriter, _ *http.Request, _ Limits) {
	h.writeJSON(w, http.StatusOK, struct {
		Version []string `json:"version"`
	}{[]string{version1, version2}})
}

// notStored serves the paths of xAPI that give back what a store keeps.
func (h *Handler) notStored(w http.ResponseWriter, r *http.Request, _ Limits) {
	switch strings.TrimPrefix(r.URL.Path, xapiPath) {
	case "statements", "activities", "activities/state", "activities/profile", "agents", "agents/profile":
	default:
		h.notFound(w, r)
		return
	}
	h.writeProblem(w, &problem{
		status: http.StatusNotImplemented, kind: "not-a-record-store", title: "Not a record store",
		detail: "statements become progress and are not kept, and neither are documents: ask the LMS's record store for these. " +
			"Here are POST and PUT of " + statementsPath + ", GET of " + aboutPath + ", and the progress itself at GET /v1/progress",
	})
}

// postEnvelope serves POST /v1/caliper.
func (h *Handler) postEnvelope(w http.ResponseWriter, r *http.Request, limits Limits) {
	if _, ok := h.take(w, r, limits, config.StandardCaliper, caliper.Decode); ok {
		w.WriteHeader(http.StatusOK)
	}
}
