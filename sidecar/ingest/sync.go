package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// errOthersUnknown says that there may be other sidecars, and nobody has told yet.
var errOthersUnknown = errors.New("it is not known yet which other sidecars there are")

// othersMissedError says that nobody knows whether all is saved that other sidecars
// hold.
type othersMissedError struct{ asked, missed int }

// Error implements error.
func (e *othersMissedError) Error() string {
	return fmt.Sprintf("%d of %d other sidecars did not confirm that what they hold is saved", e.missed, e.asked)
}

// lastWord is how much longer than a sync other sidecars are waited for, so that one
// that gives up can say so.
const lastWord = time.Second

// forceSync serves POST /v1/sync: it returns when all that was accepted before
// the request is saved, or why it can't be. What waits here comes first, since some of
// it has to go to its home; then it is the turn of the learner's home or, without a
// learner, of every other sidecar.
func (h *Handler) forceSync(w http.ResponseWriter, r *http.Request, limits Limits) {
	filter, wait, wrong := syncParameters(r, limits)
	if wrong != nil {
		h.writeProblem(w, wrong)
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
	start := time.Now()
	began := progress.InstantOf(start)
	unknown := h.othersUnknown(r)
	quarantined, missed := 0, unknown || h.isElsewhere(r, filter.UserID)
	err := h.syncer.Sync(ctx, filter)
	if err == nil {
		left := max(time.Millisecond, wait-time.Since(start))
		rest := waitingAtMost(r, left)
		// A home that hangs must not keep the client longer than it wants to wait.
		asking, asked := context.WithTimeout(rest.Context(), left+min(lastWord, wait/8))
		defer asked()
		var answered bool
		if answered, missed = h.handOn(w, rest.WithContext(asking), filter.UserID, limits); answered {
			return
		}
		switch {
		case unknown:
			err, missed = errOthersUnknown, true
		case missed:
			err = errHomeMissed
		case filter.UserID == "":
			quarantined, err = h.syncOthers(rest, wait-time.Since(start)+lastWord)
		}
	}
	sync := h.stateOf(filter)
	if err == nil {
		answer := answerSync(sync, false)
		answer.Quarantined = quarantined + h.refusedSince(began, filter)
		h.writeJSON(w, http.StatusOK, answer)
		return
	}
	h.writeProblem(w, h.notSaved(err, wait, &sync, missed))
}

// syncOthers has every other sidecar save what it holds. It returns how many records
// the database refused there.
func (h *Handler) syncOthers(r *http.Request, within time.Duration) (quarantined int, err error) {
	answers := h.askOthers(r, within)
	if done := confirmed(answers); done < len(answers) {
		return 0, &othersMissedError{asked: len(answers), missed: len(answers) - done}
	}
	for _, a := range answers {
		var synced syncAnswer
		if err := json.Unmarshal(a, &synced); err != nil {
			return 0, fmt.Errorf("reading what another sidecar has saved: %w", err)
		}
		quarantined += synced.Quarantined
	}
	return quarantined, nil
}

// waitingAtMost is the request for others, who may wait for what is left of the time.
func waitingAtMost(r *http.Request, wait time.Duration) *http.Request {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	query.Set("timeout", wait.String())
	r.URL.RawQuery = query.Encode()
	return r
}

// notSaved words why something that was to be saved may not be. stale says that the
// state is not of the learner's home.
func (h *Handler) notSaved(err error, wait time.Duration, sync *state.SyncState, stale bool) *problem {
	p := problem{
		status: http.StatusServiceUnavailable, kind: "not-saved", title: "Not saved yet",
		retryAfter: h.untilNextSync(), sync: sync, stale: stale,
	}
	var notSaved *flush.NotSavedError
	var others *othersMissedError
	switch {
	case errors.As(err, &others):
		p.detail = others.Error() + "; what this one holds is saved, and what those have accepted is kept and will be: " +
			"send the request again. One that was killed is asked for a minute, since its next process may have something to save"
		p.retryAfter = homeRetry
	case errors.Is(err, errOthersUnknown):
		p.detail = errOthersUnknown.Error() + ", and what they have accepted; what this one has is saved, and all that is accepted is kept and " +
			"will be: send the request again"
		p.retryAfter = homeRetry
	case errors.Is(err, errHomeMissed):
		p.detail = "the sidecar that keeps what this learner does can't be asked; what this one has is saved, " +
			"and what that one has accepted is kept and will be: send the request again"
		p.retryAfter = homeRetry
	case errors.As(err, &notSaved):
		p.detail = strings.TrimSuffix(notSaved.Failure.Message, ".") + ". Everything accepted is kept and will be saved."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p.detail = "the database took longer than " + wait.String() +
			"; everything accepted is kept and will be saved, GET /v1/sync tells when"
	default:
		p.detail = "the sidecar can't sync now; everything accepted is kept and will be saved"
	}
	return &p
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

// readState serves GET /v1/sync. Without a learner it tells of this sidecar alone, and
// so it does while it has something of a learner that the home does not know of.
func (h *Handler) readState(w http.ResponseWriter, r *http.Request, limits Limits) {
	filter, wrong := syncFilter(r, limits)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	missed := h.hasOfAnothers(r, filter)
	if !missed {
		var answered bool
		if answered, missed = h.handOn(w, r, filter.UserID, limits); answered {
			return
		}
	}
	h.writeJSON(w, http.StatusOK, answerSync(h.stateOf(filter), missed))
}

// stateOf narrows the sync state to what the filter matches, and names the variant of
// the learner if it is of one.
func (h *Handler) stateOf(filter buffer.Filter) state.SyncState {
	if filter == (buffer.Filter{}) {
		return h.state.SyncState()
	}
	tally := h.buffer.Tally(filter)
	part := state.Part{Pending: tally.PendingUpdates, InFlight: tally.InFlightUpdates, NextDue: tally.NextDue}
	// An error is one of the disk, which the state tells of by itself.
	part.Quarantined, _ = h.buffer.Quarantined(filter)
	sync := h.state.SyncStateOf(part)
	sync.Variant = h.variantOf(filter.UserID)
	return sync
}
