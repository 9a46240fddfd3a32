package ingest

import "net/http"

// handOn lets a learner's home answer. It reports false, and has written nothing,
// where this sidecar has to; missed says that the home could not be asked, so that what
// this sidecar knows may be behind.
func (h *Handler) handOn(w http.ResponseWriter, r *http.Request, userID string, limits Limits) (answered, missed bool) {
	if h.homes == nil || userID == "" {
		return false, false
	}
	return h.homes.Forward(w, r, userID, limits.UserHeader)
}
