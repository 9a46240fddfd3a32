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
)

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
	p := h.problemOfAll(m)
	h.writeProblem(w, &p)
}

func (h *Handler) problemOfAll(m *scan.Mistakes) problem {
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
	return p
}
