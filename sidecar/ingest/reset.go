package ingest

import (
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// reset serves DELETE /v1/progress: the key starts anew, and what was reported
// of it before no longer counts.
func (h *Handler) reset(w http.ResponseWriter, r *http.Request, limits Limits) {
	if !h.requests.enter(limits.MaxConcurrent) {
		h.refuse(w, &refusal{ReasonOverloaded, *h.overloaded()})
		return
	}
	defer h.requests.leave()
	user, wrong := requireUser(r, limits.UserHeader)
	if wrong != nil {
		h.refuseUser(w, wrong, 1)
		return
	}
	filter, wrong := filterOf(r, user, "userId", "courseId", "lessonId")
	switch {
	case wrong == nil:
	case wrong.status == http.StatusForbidden:
		h.refuseUser(w, wrong, 1)
		return
	default:
		h.refuse(w, &refusal{ReasonInvalid, *wrong})
		return
	}
	key := progress.Key{UserID: filter.UserID, CourseID: filter.CourseID, LessonID: filter.LessonID}
	results, err := h.buffer.Reset(r.Context(), []progress.Key{key})
	switch {
	case err != nil:
		h.refusePut(w, err, 1)
	case results[0].Err != nil:
		var m mistakes
		m.add(h.refuseResult(results[0].Err, 0))
		h.refuseAll(w, &m)
	case wantsMinimal(r):
		h.state.Accepted(1, 0)
		w.WriteHeader(http.StatusNoContent)
	default:
		h.state.Accepted(1, 0)
		h.answerAll(w, user, true, results)
	}
}
