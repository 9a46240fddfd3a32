package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

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
		if results, err = h.buffer.Put(r.Context(), q.Updates); err != nil {
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
	accepted, merged, repeated := 0, 0, 0
	for i := range results {
		switch r := &results[i]; {
		case r.Err != nil:
			q.Mistakes.Add(h.refuseResult(r.Err, q.Origins[i]))
		case r.Duplicate:
			repeated++
		default:
			accepted++
			if r.Record.UpdateCount > 1 {
				merged++
			}
		}
	}
	if accepted+repeated < len(results) {
		q.Mistakes.Sort()
	}
	if accepted > 0 {
		h.state.Accepted(accepted, merged)
	}
	if repeated > 0 {
		h.state.Repeated(repeated)
	}
	return accepted + repeated
}

// refuseResult counts and words why the buffer refused one update.
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
	}
	h.reject(ReasonInvalid, 1)
	return scan.Mistake{Index: index, Status: scan.StatusInvalid, Detail: "the update can't be added: " + err.Error()}
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
	}
	if m.Items > 1 {
		p.detail = fmt.Sprintf("none of the %d items was kept, see errors; the first: %s", m.Items, p.detail)
	}
	h.writeProblem(w, &p)
}

// answerSome answers with the good items' records, null for the others, and the
// errors.
func (h *Handler) answerSome(w http.ResponseWriter, r *http.Request, user string, q *scan.Items, results []buffer.Result) {
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, '{')
	if !wantsMinimal(r) {
		b = append(b, `"progress":[`...)
		next := 0
		for item := range q.Count {
			start := next
			for ; next < len(results) && q.Origins[next] == item; next++ {
				if next > 0 || item > 0 {
					b = append(b, ',')
				}
				b = appendResult(b, &results[next])
			}
			if next == start { // a bad item
				if item > 0 {
					b = append(b, ',')
				}
				b = append(b, "null"...)
			}
		}
		b = append(b, "],"...)
	}
	b = append(b, `"errors":`...)
	b = appendItemErrors(b, q.Mistakes.Listed, q.Mistakes.More())
	b = append(b, `,"sync":`...)
	state := h.stateOf(buffer.Filter{UserID: user})
	b = appendSyncState(b, &state)
	b = append(b, "}\n"...)
	*out = b
	if q.Mistakes.Full {
		setRetryAfter(w.Header(), h.untilNextSync())
	}
	h.write(w, http.StatusMultiStatus, b)
}

// answerAll answers when every item was accepted. A user is told of their own
// part of the sync state.
func (h *Handler) answerAll(w http.ResponseWriter, user string, single bool, results []buffer.Result) {
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, `{"progress":`...)
	if single {
		b = appendResult(b, &results[0])
	} else {
		b = append(b, '[')
		for i := range results {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendResult(b, &results[i])
		}
		b = append(b, ']')
	}
	b = append(b, `,"sync":`...)
	state := h.stateOf(buffer.Filter{UserID: user})
	b = appendSyncState(b, &state)
	b = append(b, "}\n"...)
	*out = b
	h.write(w, http.StatusOK, b)
}

// appendResult writes what the sidecar holds of a key, all of it unsaved.
func appendResult(b []byte, r *buffer.Result) []byte {
	switch {
	case r.Err != nil:
		return append(b, "null"...)
	case !r.Duplicate:
		return append(appendRecord(b, &r.Record, max(1, r.Record.UpdateCount)), '}')
	case r.Record.UpdateCount == 0 && r.Record.Generation == 0:
		// All of the lesson is saved, and only the database knows it.
		b = append(b, '{')
		b = appendKey(b, &r.Record.Key)
		return append(b, `,"saved":true,"pendingUpdates":0,"duplicate":true}`...)
	default:
		b = appendRecord(b, &r.Record, max(1, r.Record.UpdateCount))
		return append(b, `,"duplicate":true}`...)
	}
}

// untilNextSync is when trying again may help: 1 s to 1 min.
func (h *Handler) untilNextSync() time.Duration {
	next := h.state.SyncState().NextSyncAt
	if next == nil {
		return 5 * time.Second
	}
	return min(max(time.Until(*next), time.Second), time.Minute)
}
