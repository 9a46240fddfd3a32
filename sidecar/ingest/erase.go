package ingest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/flush"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

const usersPath = "/v1/users/"

// maxEraseWait is the longest time that an erasure waits for the database.
const maxEraseWait = 30 * time.Second

// erase serves DELETE /v1/users/{userId}. The id is one segment of the path,
// percent-encoded.
func (h *Handler) erase(w http.ResponseWriter, r *http.Request, limits Limits) {
	segment := strings.TrimPrefix(r.URL.EscapedPath(), usersPath)
	user, err := url.PathUnescape(segment)
	if err != nil || segment == "" || strings.Contains(segment, "/") {
		h.notFound(w)
		return
	}
	if r.Method != http.MethodDelete {
		h.refuseMethod(w, "DELETE")
		return
	}
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
	h.state.HeldChanged()
	if err != nil {
		h.refuseErasure(w, err)
		return
	}
	status := http.StatusOK
	if !erased.DatabaseDone {
		status = http.StatusAccepted
		setRetryAfter(w.Header(), h.untilNextSync())
	}
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	*out = append(appendErased((*out)[:0], &erased), '\n')
	h.write(w, status, *out)
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

// appendErased writes the proof.
func appendErased(b []byte, e *flush.Erased) []byte {
	b = append(b, `{"erasedAt":`...)
	b = appendTime(b, e.At.Time())
	b = append(b, `,"buffer":{`...)
	for i, part := range []struct {
		name  string
		count int
	}{
		{"pending", e.Pending}, {"frozen", e.Frozen}, {"confirmed", e.Confirmed},
		{"deadLetters", e.DeadLetters}, {"eventIds", e.EventIDs},
	} {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, part.name)
		b = append(b, ':')
		b = strconv.AppendInt(b, int64(part.count), 10)
	}
	b = append(b, `},"database":{"rows":`...)
	b = strconv.AppendInt(b, e.Rows, 10)
	b = append(b, `,"done":`...)
	b = strconv.AppendBool(b, e.DatabaseDone)
	if e.Failure != nil {
		b = append(b, `,"error":{"kind":`...)
		b = appendString(b, e.Failure.Kind)
		b = append(b, `,"message":`...)
		b = appendString(b, e.Failure.Message)
		b = append(b, '}')
	}
	return append(b, "}}"...)
}
