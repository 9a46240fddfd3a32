package ingest

import (
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

// With a user header, a request speaks for the learner whom the LMS's proxy has
// put into it, and for no other; the proxy drops what a browser sends there. A
// request without it comes from the LMS itself, which may ask for anything but
// a learner's progress: that must never depend on a header that got lost.

// userOf returns the learner of the user header, "" if the request has none or
// none is asked for.
func userOf(r *http.Request, header string) (string, *problem) {
	if header == "" {
		return "", nil
	}
	values, given := r.Header[header]
	switch {
	case !given:
		return "", nil
	case len(values) > 1:
		return "", &problem{
			status: http.StatusBadRequest, kind: "user-header", title: "More than one learner",
			detail: "the header " + header + " is there more than once: the proxy must drop what the browser sends in it",
		}
	case values[0] == "":
		return "", noUser(header)
	}
	if wrong := scan.CheckText([]byte(values[0])); wrong != "" {
		return "", &problem{
			status: http.StatusBadRequest, kind: "user-header", title: "Not a learner's id",
			detail: "the header " + header + " " + wrong,
		}
	}
	return values[0], nil
}

// requireUser is userOf where the policy's user header must be there.
func requireUser(r *http.Request, header string) (string, *problem) {
	user, wrong := userOf(r, header)
	if user == "" && wrong == nil && header != "" {
		return "", noUser(header)
	}
	return user, wrong
}

func noUser(header string) *problem {
	return &problem{
		status: http.StatusUnauthorized, kind: "user-header", title: "No learner",
		detail: "the header " + header + " is missing or empty: the proxy must set it from the learner's session; " +
			"nothing was kept, log in and send it again",
	}
}

func otherUser() *problem {
	return &problem{
		status: http.StatusForbidden, kind: "other-user", title: "Another learner",
		detail: "userId is not the learner who is logged in; nothing of this request was kept: " +
			"leave userId out, or send each learner's progress with their own session",
	}
}

// refuseUser answers and counts a write whose learner is missing or another.
func (h *Handler) refuseUser(w http.ResponseWriter, wrong *problem, updates int) {
	reason := ReasonUserHeader
	if wrong.status == http.StatusForbidden {
		reason = ReasonOtherUser
	}
	h.reject(reason, updates)
	h.writeProblem(w, wrong)
}

// isForLMS answers a request that carries the user header on a path that is not
// for learners, and reports false then: so a proxy that forwards every path
// gives nobody more than their own progress.
func (h *Handler) isForLMS(w http.ResponseWriter, r *http.Request, header string) bool {
	if header == "" {
		return true
	}
	if _, given := r.Header[header]; !given {
		return true
	}
	h.writeProblem(w, &problem{
		status: http.StatusForbidden, kind: "not-for-learners", title: "Not for learners",
		detail: "requests with the header " + header + " may use /v1/progress, /v1/progress/complete, /v1/sync, " +
			"/v1/sync/events, /v1/stats, /v1/xapi/statements and /v1/caliper; the LMS's backend asks for the rest without it",
	})
	return false
}
