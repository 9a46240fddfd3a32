package ingest

import (
	"context"
	"errors"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
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
	var before *bool
	if !wantsMinimal(r) {
		before = h.known(r.Context(), filter, limits)
	}
	results, err := h.buffer.Reset(r.Context(), []progress.Key{key})
	if err == nil {
		err = sharedFailure(results)
	}
	switch {
	case err != nil:
		h.refusePut(w, err, 1)
	case results[0].Err != nil:
		var m scan.Mistakes
		m.Add(h.refuseResult(results[0].Err, 0))
		h.refuseAll(w, &m)
	case wantsMinimal(r):
		h.countReset(&results[0])
		h.answerNothing(w)
	default:
		h.countReset(&results[0])
		if results[0].Elsewhere && before != nil && !*before {
			before = nil // the learner's home may have known more
		}
		h.answerReset(w, user, before, &results[0])
	}
}

// countReset tells the state of a reset that this sidecar has done.
func (h *Handler) countReset(r *buffer.Result) {
	if !r.Elsewhere {
		h.state.Accepted(1, 0)
	}
}

// known reports whether anything was reported of a lesson, here or in the
// database; nil if the database could not say. The reset is made in any case,
// because another pod may have something of the lesson. The answer tells of it
// because a lesson that nobody knows is mostly a mistyped id, such as one with
// a + that was not encoded.
func (h *Handler) known(ctx context.Context, filter buffer.Filter, limits Limits) *bool {
	yes, no := true, false
	for _, unsaved := range h.buffer.Unsaved(filter) {
		if reported(&unsaved.Record) {
			return &yes
		}
		if unsaved.Record.Generation != 0 {
			return &no // what the database has was reset already
		}
	}
	if !h.reads.enter(limits.maxReads()) {
		return nil
	}
	defer h.reads.leave()
	turn := h.patience.begin(h.now(), limits.ReadTimeout)
	ctx, cancel := context.WithTimeout(ctx, turn.wait)
	defer cancel()
	saved, err := h.reader.Read(ctx, filter)
	h.patience.end(turn, h.now(), err == nil || errors.Is(err, postgres.ErrTooManyRecords))
	if err != nil {
		return nil
	}
	for i := range saved.Records {
		if reported(&saved.Records[i]) {
			return &yes
		}
	}
	return &no
}

// reported is false for a record that only a reset has made.
func reported(r *progress.Record) bool {
	return *r != (progress.Record{Key: r.Key, Generation: r.Generation, ReceivedAt: r.ReceivedAt})
}

// answerReset answers as for one update, and says whether there was anything.
func (h *Handler) answerReset(w http.ResponseWriter, user string, before *bool, result *buffer.Result) {
	state := h.stateOf(buffer.Filter{UserID: user})
	state.Variant = h.variantOf(result.Record.UserID)
	h.writeJSON(w, http.StatusOK, struct {
		Progress resultAnswer `json:"progress"`
		Known    *bool        `json:"known"` // null if the database, or the learner's home, could not say
		Sync     syncAnswer   `json:"sync"`
	}{resultAnswer{result}, before, answerSync(state, result.Elsewhere)})
}
