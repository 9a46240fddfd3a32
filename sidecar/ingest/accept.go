package ingest

import (
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
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
	sent, refused := h.admit(r, buf, limits, &room)
	if refused != nil {
		h.refuse(w, refused)
		return
	}
	defer h.requests.leave()
	received := progress.InstantOf(h.now())
	q := h.pools.getItems(scan.Ask{Form: f, User: user, MaxItems: limits.MaxItems, Received: received})
	defer h.pools.putItems(q)
	if refused := decode(q, sent.media, *buf); refused != nil {
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
	p := preferred(r)
	switch {
	case acknowledged == 0 && q.Mistakes.Count > 0:
		h.refuseAll(w, &q.Mistakes)
	case q.Mistakes.Count > 0:
		h.answerSome(w, r, user, q, results)
	case p == preferMinimal:
		h.answerNothing(w)
	default:
		h.answerAll(w, p, user, q, results)
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
// refused to the errors. It returns how many were acknowledged. What another sidecar
// accepted counts there, and a stray where it is merged.
func (h *Handler) count(q *scan.Items, results []buffer.Result) int {
	accepted, merged, repeated, elsewhere, strays := 0, 0, 0, 0, 0
	for i := range results {
		switch r := &results[i]; {
		case r.Err != nil:
			q.Mistakes.Add(h.refuseResult(r.Err, q.Origins[i]))
		case r.Elsewhere:
			elsewhere++
		case r.Stray:
			strays++
		case r.Duplicate:
			repeated++
		case r.Hint:
			accepted++
		default:
			accepted++
			if r.Record.UpdateCount > 1 {
				merged++
			}
		}
	}
	acknowledged := accepted + repeated + elsewhere + strays
	if acknowledged < len(results) {
		q.Mistakes.Sort()
	}
	if accepted+strays > 0 { // strays are pending from here on
		h.state.Accepted(accepted, merged)
	}
	if repeated > 0 {
		h.state.Repeated(repeated)
	}
	return acknowledged
}

func (h *Handler) reject(reason Reason, updates int) { h.state.Rejected(string(reason), updates) }

func (h *Handler) refuse(w http.ResponseWriter, refused *refusal) {
	h.reject(refused.reason, 1)
	h.writeProblem(w, &refused.problem)
}

// untilNextSync is when trying again may help: 1 s to 1 min.
func (h *Handler) untilNextSync() time.Duration {
	next := h.state.SyncState().NextSyncAt
	if next == nil {
		return 5 * time.Second
	}
	return min(max(time.Until(*next), time.Second), time.Minute)
}
