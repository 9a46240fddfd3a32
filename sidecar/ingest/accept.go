package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/peers/hop"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

func (h *Handler) acceptAs(f scan.Form) endpoint {
	return func(w http.ResponseWriter, r *http.Request, limits Limits) { h.accept(w, r, limits, f) }
}

// accept serves POST /v1/progress and /v1/progress/complete.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request, limits Limits, f scan.Form) {
	user, wrong := requireUser(r, limits.UserHeader)
	if wrong != nil {
		h.refuseUser(w, wrong, 1)
		return
	}
	buf := h.pools.getBuffer()
	defer h.pools.putBuffer(buf)
	room := h.lease(limits)
	defer room.end()
	media, refused := h.receive(r, buf, limits, &room)
	if refused != nil {
		h.refuse(w, refused)
		return
	}
	// Only now, so that clients which send slowly don't take the places.
	if !h.requests.enter(limits.MaxConcurrent) {
		h.refuse(w, &refusal{ReasonOverloaded, *h.overloaded()})
		return
	}
	defer h.requests.leave()
	received := progress.InstantOf(h.now())
	q := h.pools.getItems(scan.Ask{Form: f, User: user, MaxItems: limits.MaxItems, Received: received})
	defer h.pools.putItems(q)
	if refused := decode(q, media, *buf); refused != nil {
		h.refuse(w, refused)
		return
	}
	if q.Foreign {
		h.refuseUser(w, otherUser(), q.Count)
		return
	}
	if n := q.Mistakes.Items; n > 0 {
		h.reject(ReasonInvalid, n)
	}
	if !room.grow(room.taken + answerBytes(q)) {
		h.refuse(w, &refusal{ReasonOverloaded, *h.overloaded()})
		return
	}
	h.clocks.Correct(q.Updates, received)
	var results []buffer.Result
	if len(q.Updates) > 0 {
		var err error
		if results, err = h.buffer.Put(r.Context(), q.Updates); err == nil {
			err = sharedFailure(results)
		}
		if err != nil {
			h.refusePut(w, err, len(q.Updates))
			return
		}
	}
	acknowledged := h.count(q, results)
	switch {
	case acknowledged == 0 && q.Mistakes.Count > 0:
		h.refuseAll(w, &q.Mistakes)
	case q.Mistakes.Count > 0:
		h.answerSome(w, r, user, q, results)
	case wantsMinimal(r):
		w.WriteHeader(http.StatusNoContent)
	default:
		h.answerAll(w, user, q.Single, results)
	}
}

// answerBytes is about what the updates' records take in an answer, beyond the
// body's own size. A single one is not worth counting.
func answerBytes(q *scan.Items) (n int64) {
	if len(q.Updates) < 2 {
		return 0
	}
	for i := range q.Updates {
		u := &q.Updates[i]
		n += recordBytes + int64(len(u.UserID)+len(u.CourseID)+len(u.LessonID)+len(u.ModuleID))
	}
	return n
}

// count tells the state what became of the updates, and adds what the buffer
// refused to the errors. It returns how many were acknowledged.
func (h *Handler) count(q *scan.Items, results []buffer.Result) int {
	accepted, merged, repeated, elsewhere := 0, 0, 0, 0
	for i := range results {
		switch r := &results[i]; {
		case r.Err != nil:
			q.Mistakes.Add(h.refuseResult(r.Err, q.Origins[i]))
		case r.Elsewhere:
			elsewhere++
		case r.Duplicate:
			repeated++
		default:
			accepted++
			if r.Record.UpdateCount > 1 {
				merged++
			}
		}
	}
	if accepted+repeated+elsewhere < len(results) {
		q.Mistakes.Sort()
	}
	if accepted > 0 {
		h.state.Accepted(accepted, merged)
	}
	if repeated > 0 {
		h.state.Repeated(repeated)
	}
	return accepted + repeated + elsewhere
}

// isOfUpdate reports whether an error of the buffer is about the update itself. Others
// say that the learner's home took nothing, whatever it was.
func isOfUpdate(err error) bool {
	return errors.Is(err, buffer.ErrFull) || errors.Is(err, buffer.ErrErased) || errors.Is(err, buffer.ErrRange)
}

// sharedFailure is why no home took anything, nil if one did or if they say different
// things. There is at least one result.
func sharedFailure(results []buffer.Result) error {
	first := results[0].Err
	if first == nil || isOfUpdate(first) {
		return nil
	}
	shared, _ := putProblem(first, 0)
	for i := 1; i < len(results); i++ {
		err := results[i].Err
		if err == nil || isOfUpdate(err) {
			return nil
		}
		if reason, _ := putProblem(err, 0); reason != shared {
			return nil
		}
	}
	return first
}

// refuseResult counts and words why one update was refused.
func (h *Handler) refuseResult(err error, index int) scan.Mistake {
	switch {
	case errors.Is(err, buffer.ErrFull):
		h.reject(ReasonFull, 1)
		return scan.Mistake{
			Index: index, Status: http.StatusTooManyRequests,
			Detail: "the sidecar holds as many records as it may until the database takes some; send this update again later",
		}
	case errors.Is(err, buffer.ErrErased):
		h.reject(ReasonErased, 1)
		return scan.Mistake{
			Index: index, Status: http.StatusGone,
			Detail: "the learner was erased after this happened: drop the update",
		}
	case errors.Is(err, buffer.ErrRange):
		h.reject(ReasonInvalid, 1)
		return scan.Mistake{Index: index, Status: scan.StatusInvalid, Detail: "the update can't be added: " + err.Error()}
	}
	reason, p := putProblem(err, homeRetry)
	h.reject(reason, 1)
	if reason != ReasonInDoubt {
		p.detail = "the learner's home kept nothing of this item (" + p.title + "): send it again later"
	}
	return scan.Mistake{Index: index, Status: p.status, Detail: p.detail}
}

func (h *Handler) reject(reason Reason, updates int) { h.state.Rejected(string(reason), updates) }

func (h *Handler) refuse(w http.ResponseWriter, refused *refusal) {
	h.reject(refused.reason, 1)
	h.writeProblem(w, &refused.problem)
}

// refusePut answers when the buffer took nothing.
func (h *Handler) refusePut(w http.ResponseWriter, err error, updates int) {
	reason, p := putProblem(err, h.untilNextSync())
	h.reject(reason, updates)
	h.writeProblem(w, &p)
}

// putProblem words an error of the buffer that concerns a whole call. retry is
// when room may have been made.
func putProblem(err error, retry time.Duration) (reason Reason, p problem) {
	reason = ReasonDisk
	p = problem{
		status: http.StatusServiceUnavailable, kind: "disk-failed", title: "The spool's disk failed",
		detail: "nothing of this request was acknowledged; the sidecar restarts and reads its spool again, " +
			"send the request again then",
		retryAfter: 5 * time.Second,
	}
	switch {
	case errors.Is(err, buffer.ErrNoSpace):
		reason = ReasonNoSpace
		p = problem{
			status: http.StatusInsufficientStorage, kind: "no-space", title: "The spool is full",
			detail: "there is no room on the sidecar's disk until the database takes what is there; " +
				"nothing of this request was kept, send it again later",
			retryAfter: retry,
		}
	case errors.Is(err, hop.ErrInDoubt):
		reason = ReasonInDoubt
		p = problem{
			status: http.StatusServiceUnavailable, kind: "in-doubt", title: "The learner's home did not answer",
			detail:     "it may have accepted this: send it again with the same eventId, with which it counts once",
			retryAfter: homeRetry,
		}
	case errors.Is(err, buffer.ErrClosed):
		reason = ReasonStopping
		p = problem{
			status: http.StatusServiceUnavailable, kind: "stopping", title: "The sidecar is shutting down",
			detail:     "nothing of this request was kept; send it again to the pod that comes next",
			retryAfter: 5 * time.Second,
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// Nobody is left to read this. What was accepted stays accepted.
		reason = ReasonCanceled
		p.kind, p.title, p.detail = "canceled", "Canceled", "the client did not wait for the disk"
	}
	return reason, p
}

// refuseAll answers a request of which nothing was good.
func (h *Handler) refuseAll(w http.ResponseWriter, m *scan.Mistakes) {
	m.Shorten()
	p := problem{
		status: m.Status, kind: "invalid", title: "Invalid updates",
		detail: m.Listed[0].Detail, errors: m.Listed, more: m.More(),
	}
	switch p.status {
	case http.StatusTooManyRequests:
		p.kind, p.title = "full", "The buffer is full"
		p.retryAfter = h.untilNextSync()
	case http.StatusBadRequest:
		p.kind, p.title = "malformed", "Malformed body"
	case http.StatusGone:
		p.kind, p.title = "erased", "The learner was erased"
	case http.StatusServiceUnavailable: // for several reasons, of which this asks most of the client
		p.kind, p.title = "in-doubt", "The learners' homes did not answer"
		p.retryAfter = homeRetry
	}
	if m.Items > 1 {
		p.detail = fmt.Sprintf("none of the %d items was kept, see errors; the first: %s", m.Items, p.detail)
	}
	h.writeProblem(w, &p)
}

// untilNextSync is when trying again may help: 1 s to 1 min.
func (h *Handler) untilNextSync() time.Duration {
	next := h.state.SyncState().NextSyncAt
	if next == nil {
		return 5 * time.Second
	}
	return min(max(time.Until(*next), time.Second), time.Minute)
}
