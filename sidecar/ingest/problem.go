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
	// acceptEncoding names what is accepted (RFC 7694), if the coding is what is wrong.
	acceptEncoding string
	sync           *state.SyncState
	stale          bool // sync is not of the learner's home
}

// problemType starts the type of every problem.
const problemType = "urn:progress-sync:problem:"

// problemAnswer is a problem as JSON.
type problemAnswer struct {
	Type       string         `json:"type"`
	Title      string         `json:"title"`
	Status     int            `json:"status"`
	Detail     string         `json:"detail"`
	Field      string         `json:"field,omitempty"` // that of the first error
	Errors     []scan.Mistake `json:"errors,omitempty"`
	MoreErrors int            `json:"moreErrors,omitempty"`
	Sync       *syncAnswer    `json:"sync,omitempty"`
}

func (h *Handler) writeProblem(w http.ResponseWriter, p *problem) {
	answer := problemAnswer{
		Type: problemType + p.kind, Title: p.title, Status: p.status, Detail: p.detail, Errors: p.errors, MoreErrors: p.more,
	}
	if len(p.errors) > 0 {
		answer.Field = p.errors[0].Field
	}
	if p.sync != nil {
		sync := answerSync(*p.sync, p.stale)
		answer.Sync = &sync
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	setRetryAfter(header, p.retryAfter)
	if p.acceptEncoding != "" {
		header.Set("Accept-Encoding", p.acceptEncoding)
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(append(encode(answer), '\n')) // a client that is gone needs no answer
}

// setRetryAfter rounds up to whole seconds, as the header wants them.
func setRetryAfter(header http.Header, after time.Duration) {
	if after > 0 {
		header.Set("Retry-After", strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10))
	}
}
