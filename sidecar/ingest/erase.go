package ingest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// maxEraseWait is the longest time that an erasure waits for the database.
const maxEraseWait = 30 * time.Second

// erase serves DELETE /v1/users/{userId}. The id is one segment of the path,
// percent-encoded.
func (h *Handler) erase(w http.ResponseWriter, r *http.Request, limits Limits) {
	user := r.PathValue("userId")
	if wrong := scan.CheckText([]byte(user)); wrong != "" {
		h.writeProblem(w, queryProblem("userId", wrong))
		return
	}
	if !h.syncs.enter(limits.maxSyncs()) {
		h.writeProblem(w, h.overloaded())
		return
	}
	defer h.syncs.leave()
	ctx, cancel := context.WithTimeout(r.Context(), maxEraseWait)
	defer cancel()
	erased, err := h.eraser.Erase(ctx, user)
	h.state.RecordsChanged()
	if err != nil {
		h.refuseErasure(w, err)
		return
	}
	status := http.StatusOK
	if !erased.DatabaseDone {
		status = http.StatusAccepted
		setRetryAfter(w.Header(), h.untilNextSync())
	}
	h.writeJSON(w, status, answerErased(&erased))
}

func (h *Handler) refuseErasure(w http.ResponseWriter, err error) {
	if errors.Is(err, buffer.ErrFull) {
		h.writeProblem(w, &problem{
			status: http.StatusTooManyRequests, kind: "full", title: "Too many erasures wait",
			detail:     "nothing was erased: as many learners as may wait for the database to erase them do so; order it again later",
			retryAfter: h.untilNextSync(),
		})
		return
	}
	_, p := putProblem(err, h.untilNextSync())
	if p.kind == "disk-failed" {
		p.detail = "whether the spool has erased the learner is not known; order it again when the sidecar has restarted"
	}
	h.writeProblem(w, &p)
}

// erasedAnswer is the proof.
type erasedAnswer struct {
	ErasedAt time.Time `json:"erasedAt"`
	Buffer   struct {
		Pending     int `json:"pending"`
		Frozen      int `json:"frozen"`
		Confirmed   int `json:"confirmed"`
		DeadLetters int `json:"deadLetters"`
		EventIDs    int `json:"eventIds"`
	} `json:"buffer"`
	Database struct {
		Rows  int64            `json:"rows"`
		Done  bool             `json:"done"`
		Error *state.SyncError `json:"error,omitempty"`
	} `json:"database"`
}

func answerErased(e *flush.Erased) erasedAnswer {
	answer := erasedAnswer{ErasedAt: e.At.Time()}
	b, d := &answer.Buffer, &answer.Database
	b.Pending, b.Frozen, b.Confirmed, b.DeadLetters, b.EventIDs = e.Pending, e.Frozen, e.Confirmed, e.DeadLetters, e.EventIDs
	d.Rows, d.Done = e.Rows, e.DatabaseDone
	if e.Failure != nil {
		d.Error = &state.SyncError{Kind: e.Failure.Kind, Message: e.Failure.Message}
	}
	return answer
}
