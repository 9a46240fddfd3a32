package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

const (
	// maxEraseWait is the longest time that an erasure waits for the database.
	maxEraseWait = 30 * time.Second
	// othersEraseWait is the longest time that it waits for other sidecars then.
	othersEraseWait = 10 * time.Second
)

// erase serves DELETE /v1/users/{userId}. The id is one segment of the path,
// percent-encoded. Others are asked when this sidecar is done, so that it has handed on
// nothing of the learner to one that has forgotten them.
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
	answer := answerErased(&erased)
	others := h.askOthers(r, othersEraseWait)
	answer.Peers.Asked = len(others)
	answer.Peers.Confirmed = confirmed(others)
	missed, unknown := answer.Peers.Asked-answer.Peers.Confirmed, h.othersUnknown(r)
	switch {
	case unknown:
		answer.Peers.Message = errOthersUnknown.Error() + ": order it again in a moment"
	case missed > 0:
		answer.Peers.Message = fmt.Sprintf("%d of %d other sidecars did not confirm that they hold nothing of the learner: "+
			"order it again until all do", missed, answer.Peers.Asked)
	}
	status := http.StatusOK
	if !erased.DatabaseDone || unknown || missed > 0 {
		status = http.StatusAccepted
		setRetryAfter(w.Header(), h.untilNextSync())
	}
	h.writeJSON(w, status, answer)
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
	// Peers are the other sidecars that may hold something of the learner.
	Peers struct {
		Asked     int    `json:"asked"`
		Confirmed int    `json:"confirmed"`
		Message   string `json:"message,omitempty"`
	} `json:"peers"`
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
