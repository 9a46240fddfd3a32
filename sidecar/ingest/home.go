package ingest

import (
	"context"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
)

const (
	// homeRetry is when a learner's home that did not answer may be asked again, or
	// another sidecar have taken its place.
	homeRetry = time.Second
	// savePatience is how long a read waits until what this sidecar has of another's
	// learner is in the database.
	savePatience = 300 * time.Millisecond
)

// handOn lets a learner's home answer. It reports false, and has written nothing,
// where this sidecar has to; missed says that the home could not be asked, or is another
// one since a moment ago, so that what this sidecar knows may be behind.
func (h *Handler) handOn(w http.ResponseWriter, r *http.Request, userID string, limits Limits) (answered, missed bool) {
	switch {
	case h.homes == nil || userID == "":
		return false, false
	case wire.IsHandedOn(r.Context()):
		return false, h.homes.MayBeBehind(userID)
	default:
		return h.homes.Forward(w, r, userID, limits.UserHeader)
	}
}

// hasOfAnothers reports whether something waits here that the learner's home does not
// know of, since it could not be reached when that came in.
func (h *Handler) hasOfAnothers(r *http.Request, filter buffer.Filter) bool {
	return h.isElsewhere(r, filter.UserID) && h.buffer.Tally(filter).Records > 0
}

// isElsewhere reports whether another sidecar should answer for the learner.
func (h *Handler) isElsewhere(r *http.Request, userID string) bool {
	return userID != "" && h.mayHandOn(r) && h.homes.IsElsewhere(userID)
}

// saveForHome writes what waits here of another's learner, so that the home finds it in
// the database. In vain is no error: the home's answer lacks it then.
func (h *Handler) saveForHome(r *http.Request, filter buffer.Filter, limits Limits) {
	if !h.hasOfAnothers(r, filter) || !h.syncs.enter(limits.maxSyncs()) {
		return
	}
	defer h.syncs.leave()
	ctx, cancel := context.WithTimeout(r.Context(), savePatience)
	defer cancel()
	_ = h.syncer.Sync(ctx, filter)
}

// othersUnknown reports whether others may have something that this sidecar can't ask
// for, since it does not know yet who there is.
func (h *Handler) othersUnknown(r *http.Request) bool { return h.mayHandOn(r) && !h.homes.Told() }

// mayHandOn reports whether other sidecars may be asked: not for a request that one of
// them handed on.
func (h *Handler) mayHandOn(r *http.Request) bool {
	return h.homes != nil && !wire.IsHandedOn(r.Context())
}

// askOthers sends a request of no learner to the other sidecars that may hold what was
// handed on. For each it returns the answer, nil if it has not done it within the time.
func (h *Handler) askOthers(r *http.Request, within time.Duration) [][]byte {
	if !h.mayHandOn(r) {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	return h.homes.All(r.WithContext(ctx))
}

// whileHome is the request's context until the learner has another home than at the
// call. The caller calls end when it needs the context no longer.
func (h *Handler) whileHome(r *http.Request, userID string) (ctx context.Context, end func()) {
	if !h.mayHandOn(r) || userID == "" {
		return r.Context(), func() {}
	}
	return h.homes.WhileHome(r.Context(), userID)
}

// confirmed counts the sidecars that have done what they were asked.
func confirmed(answers [][]byte) (n int) {
	for _, a := range answers {
		if a != nil {
			n++
		}
	}
	return n
}

// areElsewhere reports whether another sidecar has accepted some of what there are
// results of, so that the sync state of this one does not tell of all.
func areElsewhere(results []buffer.Result) bool {
	for i := range results {
		if results[i].Elsewhere {
			return true
		}
	}
	return false
}
