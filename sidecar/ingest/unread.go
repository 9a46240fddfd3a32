package ingest

import "net/http"

// RefuseFraming answers a request whose end can't be told, which the server around
// the handler finds.
func (h *Handler) RefuseFraming(w http.ResponseWriter, _ *http.Request) {
	h.refuse(w, &refusal{ReasonMalformed, problem{
		status: http.StatusBadRequest, kind: "malformed", title: "Malformed request",
		detail: "its end can't be told, so nothing was kept and the connection ends: send Content-Length or Transfer-Encoding, " +
			"not both, no Transfer-Encoding over HTTP/1.0, and each field in one line; a proxy that adds one of the two must drop the other",
	}})
}

// RefuseIncomplete answers a request of whose body nothing came in time.
func (h *Handler) RefuseIncomplete(w http.ResponseWriter, _ *http.Request) { h.refuse(w, incomplete()) }

// RefuseUnread answers a request with updates or a catalogue that would be refused
// whatever its body says, and reports false for any other.
func (h *Handler) RefuseUnread(w http.ResponseWriter, r *http.Request) bool {
	if !h.admits(w, r) {
		return true
	}
	limits := *h.limits.Load()
	if r.Method == http.MethodPut {
		return h.refuseUnreadCatalogue(w, r, limits)
	}
	if _, wrong := requireUser(r, limits.UserHeader); wrong != nil {
		h.refuseUser(w, wrong, 1)
		return true
	}
	if _, refused := announced(r, limits); refused != nil {
		h.refuse(w, refused)
		return true
	}
	return false
}

func (h *Handler) refuseUnreadCatalogue(w http.ResponseWriter, r *http.Request, limits Limits) bool {
	if !h.isForLMS(w, r, limits.UserHeader) {
		return true
	}
	_, refused := announced(r, limits)
	if refused != nil {
		h.writeProblem(w, &refused.problem)
	}
	return refused != nil
}
