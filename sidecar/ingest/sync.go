package ingest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// maxSyncWait is the longest time that POST /v1/sync waits.
const maxSyncWait = 30 * time.Second

// errHomeMissed says that nobody knows whether all of a learner is saved.
var errHomeMissed = errors.New("the learner's home can't be asked")

// forceSync serves POST /v1/sync: it returns when all that was accepted before
// the request is saved, or why it can't be.
func (h *Handler) forceSync(w http.ResponseWriter, r *http.Request, limits Limits) {
	filter, wait, wrong := syncParameters(r, limits)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	answered, missed := h.handOn(w, r, filter.UserID, limits)
	if answered {
		return
	}
	if !h.syncs.enter(limits.maxSyncs()) {
		p := h.overloaded()
		p.detail = "too many callers wait for a sync already; everything accepted is kept and saved at its time"
		h.writeProblem(w, p)
		return
	}
	defer h.syncs.leave()
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	began := progress.InstantOf(time.Now())
	err := h.syncer.Sync(ctx, filter)
	sync := h.stateOf(filter)
	if err == nil && missed {
		err = errHomeMissed
	}
	if err == nil {
		answer := answerSync(sync)
		answer.Quarantined = h.refusedSince(began, filter)
		h.writeJSON(w, http.StatusOK, answer)
		return
	}
	p := problem{
		status: http.StatusServiceUnavailable, kind: "not-saved", title: "Not saved yet",
		retryAfter: h.untilNextSync(), sync: &sync,
	}
	var notSaved *flush.NotSavedError
	switch {
	case errors.Is(err, errHomeMissed):
		p.detail = "the sidecar that keeps what this learner does can't be asked; what this one has is saved, " +
			"and what that one has accepted is kept and will be: send the request again"
	case errors.As(err, &notSaved):
		p.detail = strings.TrimSuffix(notSaved.Failure.Message, ".") + ". Everything accepted is kept and will be saved."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p.detail = "the database took longer than " + wait.String() +
			"; everything accepted is kept and will be saved, GET /v1/sync tells when"
	default:
		p.detail = "the sidecar can't sync now; everything accepted is kept and will be saved"
	}
	h.writeProblem(w, &p)
}

// refusedSince counts the records that the database has refused since a moment.
// They are no longer pending, and not saved either.
func (h *Handler) refusedSince(began progress.Instant, filter buffer.Filter) (n int) {
	for after, more := uint64(0), true; more; {
		var letters []buffer.DeadLetter
		var err error
		if letters, more, err = h.buffer.ListDeadLetters(after, maxDeadLetterPage); err != nil {
			return n // the disk failed: the next call says so
		}
		for _, dl := range letters {
			after = dl.ID
			if dl.Last >= began && matches(filter, &dl.Record.Key) {
				n++
			}
		}
	}
	return n
}

func matches(f buffer.Filter, k *progress.Key) bool {
	return (f.UserID == "" || f.UserID == k.UserID) &&
		(f.CourseID == "" || f.CourseID == k.CourseID) &&
		(f.LessonID == "" || f.LessonID == k.LessonID)
}

// syncFilter is the part of the sidecar's records that a request may and does
// ask for.
func syncFilter(r *http.Request, limits Limits) (buffer.Filter, *problem) {
	user, wrong := userOf(r, limits.UserHeader)
	if wrong != nil {
		return buffer.Filter{}, wrong
	}
	return filterOf(r, user)
}

func syncParameters(r *http.Request, limits Limits) (buffer.Filter, time.Duration, *problem) {
	filter, wrong := syncFilter(r, limits)
	if wrong != nil {
		return filter, 0, wrong
	}
	wait := maxSyncWait
	if text := r.URL.Query().Get("timeout"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return filter, 0, queryProblem("timeout", `must be a duration such as "5s", at most 30s`)
		}
		wait = min(d, maxSyncWait)
	}
	return filter, wait, nil
}

// readState serves GET /v1/sync.
func (h *Handler) readState(w http.ResponseWriter, r *http.Request, limits Limits) {
	filter, wrong := syncFilter(r, limits)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	answered, missed := h.handOn(w, r, filter.UserID, limits)
	if answered {
		return
	}
	answer := answerSync(h.stateOf(filter))
	answer.Stale = missed
	h.writeJSON(w, http.StatusOK, answer)
}

// stateOf narrows the sync state to what the filter matches.
func (h *Handler) stateOf(filter buffer.Filter) state.SyncState {
	if filter == (buffer.Filter{}) {
		return h.state.SyncState()
	}
	tally := h.buffer.Tally(filter)
	part := state.Part{Pending: tally.PendingUpdates, InFlight: tally.InFlightUpdates}
	// An error is one of the disk, which the state tells of by itself.
	part.Quarantined, _ = h.buffer.Quarantined(filter)
	return h.state.SyncStateOf(part)
}
