package ingest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/state"
)

// problem is an answer of RFC 9457.
type problem struct {
	status     int
	kind       string // the last part of the type, a word for programs
	title      string
	detail     string // what is wrong here, and what to do
	errors     []scan.Mistake
	more       int // mistakes that are not among them
	retryAfter time.Duration
	sync       *state.SyncState
}

// problemType starts the type of every problem.
const problemType = "urn:progress-sync:problem:"

// RefuseFraming answers a request whose end can't be told. The server around the
// handler finds these, since net/http lets them pass.
func (h *Handler) RefuseFraming(w http.ResponseWriter, _ *http.Request) {
	h.refuse(w, &refusal{ReasonMalformed, problem{
		status: http.StatusBadRequest, kind: "malformed", title: "Malformed request",
		detail: "its end can't be told, so nothing was kept and the connection ends: send Content-Length or Transfer-Encoding, " +
			"not both, no Transfer-Encoding over HTTP/1.0, and each field in one line; a proxy that adds one of the two must drop the other",
	}})
}

func (h *Handler) writeProblem(w http.ResponseWriter, p *problem) {
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, `{"type":"`+problemType...)
	b = append(b, p.kind...)
	b = append(b, `","title":`...)
	b = appendString(b, p.title)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(p.status), 10)
	b = append(b, `,"detail":`...)
	b = appendString(b, p.detail)
	if len(p.errors) > 0 {
		if field := p.errors[0].Field; field != "" {
			b = append(b, `,"field":`...)
			b = appendString(b, field)
		}
		b = append(b, `,"errors":`...)
		b = appendItemErrors(b, p.errors, p.more)
	}
	if p.sync != nil {
		b = append(b, `,"sync":`...)
		b = appendSyncState(b, p.sync)
	}
	b = append(b, "}\n"...)
	*out = b

	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	setRetryAfter(header, p.retryAfter)
	w.WriteHeader(p.status)
	_, _ = w.Write(b) //nolint:gosec // it is JSON; and a client that is gone needs no answer
}

// appendItemErrors writes an array, and after it how many more there are.
func appendItemErrors(b []byte, errors []scan.Mistake, more int) []byte {
	b = append(b, '[')
	for i, e := range errors {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(e.Index), 10)
		b = append(b, `,"status":`...)
		b = strconv.AppendInt(b, int64(e.Status), 10)
		if e.Field != "" {
			b = append(b, `,"field":`...)
			b = appendString(b, e.Field)
		}
		b = append(b, `,"detail":`...)
		b = appendString(b, e.Detail)
		b = append(b, '}')
	}
	b = append(b, ']')
	if more > 0 {
		b = append(b, `,"moreErrors":`...)
		b = strconv.AppendInt(b, int64(more), 10)
	}
	return b
}

// setRetryAfter rounds up to whole seconds, as the header wants them.
func setRetryAfter(header http.Header, after time.Duration) {
	if after > 0 {
		header.Set("Retry-After", strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10))
	}
}
