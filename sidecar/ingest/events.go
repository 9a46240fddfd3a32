package ingest

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/progress-sync/progress-sync/sidecar/outbox"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Events are those of lessons that were completed or reset and of learners who were
// erased; *outbox.Feed is one.
type Events interface {
	// Read returns up to limit events behind a cursor, from the first that there is if it
	// is empty.
	Read(ctx context.Context, cursor string, limit int) (outbox.Page, error)
}

const (
	outboxPath       = "/v1/events"
	defaultEventPage = 100
	// eventBytes is about what an event takes in memory and in an answer.
	eventBytes = 1500
	// heldBackHeader has how many whole seconds the oldest event that is not given out yet
	// has waited.
	heldBackHeader = "Events-Held-Back"
)

// pull serves GET /v1/events?after=&limit=.
func (h *Handler) pull(w http.ResponseWriter, r *http.Request, limits Limits) {
	query := r.URL.Query()
	limit, wrong := wholeNumber(query, "limit", defaultEventPage, 1, postgres.MaxReadEvents, "must be a whole number from 1 to 1000")
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	room := h.lease(limits)
	defer room.end()
	if !room.grow(int64(limit) * eventBytes) {
		p := h.overloaded()
		p.detail = "there is no room for the answer now; ask again, or for fewer with limit="
		h.writeProblem(w, p)
		return
	}
	page, err := h.events.Read(r.Context(), query.Get("after"), int(limit))
	if err != nil {
		h.refuseEvents(w, err)
		return
	}
	next := url.Values{"after": {page.Next}, "limit": {strconv.FormatUint(limit, 10)}}
	header := w.Header()
	header.Set("Content-Type", outbox.BatchContentType)
	header["Cache-Control"] = h.noStore
	header.Set("Link", "<"+outboxPath+"?"+next.Encode()+`>; rel="next"`)
	if page.HeldBack > 0 {
		header.Set(heldBackHeader, strconv.Itoa(int(math.Ceil(page.HeldBack.Seconds()))))
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(page.Batch, '\n'))
}

func (h *Handler) refuseEvents(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, outbox.ErrCursor):
		h.writeProblem(w, queryProblem("after", "must be that of the Link in an answer before"))
	case errors.Is(err, postgres.ErrEventsOff):
		h.writeProblem(w, &problem{
			status: http.StatusConflict, kind: "events-off", title: "No events",
			detail: "the policy asks for none: set spec.events.enabled to true; what is completed from then on has an event",
		})
	case errors.Is(err, postgres.ErrEventsUnmarked):
		h.writeProblem(w, &problem{
			status: http.StatusConflict, kind: "events-off", title: "No events",
			detail: "rows of the mapped table have none: name a column of type bigint in spec.database.mapping.eventMark",
		})
	case errors.Is(err, postgres.ErrEventsGone):
		h.writeProblem(w, &problem{
			status: http.StatusGone, kind: "events-gone", title: "Events are gone",
			detail: "those after this cursor are older than spec.events.retentionDays: compare your data with the table of progress, " +
				"and go on without a cursor, which begins with the oldest event that there is",
		})
	default:
		h.writeProblem(w, &problem{
			status: http.StatusServiceUnavailable, kind: "database", title: "The database does not answer",
			detail:     "no event is lost; ask again, with the same cursor if there was one, and with a lower limit if this goes on",
			retryAfter: h.untilNextSync(),
		})
	}
}
