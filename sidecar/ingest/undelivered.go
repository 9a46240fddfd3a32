package ingest

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/progress-sync/progress-sync/sidecar/postgres"
)

// Undelivered are the events that receivers refused while they took others.
type Undelivered interface {
	// List returns the oldest, and whether there are more.
	List(ctx context.Context, limit int) (letters []postgres.Undelivered, more bool, err error)
	// Redeliver has one or all sent once more, and returns how many there are.
	Redeliver(ctx context.Context, event uuid.NullUUID) (int, error)
}

const (
	undeliveredPath = "/v1/events/undelivered"
	redeliverPath   = "/v1/events/undelivered/redeliver"
	// undeliveredBytes is about what one takes in memory and in an answer.
	undeliveredBytes = 600
)

type undeliveredAnswer struct {
	Receiver string    `json:"receiver"`
	ID       string    `json:"id"`
	Type     string    `json:"type"`
	Time     time.Time `json:"time"`
	Reason   string    `json:"reason"`
	Status   int       `json:"status,omitempty"`
	Attempts int       `json:"attempts"`
	FailedAt time.Time `json:"failedAt"`
	Again    bool      `json:"again"`
}

// listUndelivered serves GET /v1/events/undelivered?limit=.
func (h *Handler) listUndelivered(w http.ResponseWriter, r *http.Request, limits Limits) {
	limit, wrong := wholeNumber(r.URL.Query(), "limit", defaultEventPage, 1, postgres.MaxReadEvents, "must be a whole number from 1 to 1000")
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	room := h.lease(limits)
	defer room.end()
	if !room.grow(int64(limit) * undeliveredBytes) {
		h.writeProblem(w, h.overloaded())
		return
	}
	letters, more, err := h.undelivered.List(r.Context(), int(limit))
	if err != nil {
		h.refuseEvents(w, err)
		return
	}
	answer := struct {
		Undelivered []undeliveredAnswer `json:"undelivered"`
		More        bool                `json:"more"`
	}{make([]undeliveredAnswer, 0, len(letters)), more}
	for _, u := range letters {
		answer.Undelivered = append(answer.Undelivered, undeliveredAnswer{
			Receiver: u.Receiver, ID: u.ID, Type: u.Type, Time: u.At.UTC(), Reason: u.Reason, Status: u.Status, Attempts: u.Attempts,
			FailedAt: u.FailedAt.UTC(), Again: u.Again,
		})
	}
	h.writeJSON(w, http.StatusOK, answer)
}

// redeliver serves POST /v1/events/undelivered/redeliver?id=.
func (h *Handler) redeliver(w http.ResponseWriter, r *http.Request, _ Limits) {
	var event uuid.NullUUID
	if query := r.URL.Query(); query.Has("id") {
		id, err := uuid.Parse(query.Get("id"))
		if err != nil {
			h.writeProblem(w, queryProblem("id", "must be that of an event"))
			return
		}
		event = uuid.NullUUID{UUID: id, Valid: true}
	}
	asked, err := h.undelivered.Redeliver(r.Context(), event)
	switch {
	case err != nil:
		h.refuseEvents(w, err)
	case asked == 0 && event.Valid:
		h.writeProblem(w, &problem{
			status: http.StatusNotFound, kind: "not-found", title: "No such event",
			detail: "no event of this id was set aside; it may have been sent since, or be older than spec.events.retentionDays",
		})
	default:
		h.writeJSON(w, http.StatusOK, struct {
			Asked int `json:"asked"`
		}{asked})
	}
}
