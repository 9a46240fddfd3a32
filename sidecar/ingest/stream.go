package ingest

import (
	"context"
	"net/http"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/peers/wire"
	"github.com/progress-sync/progress-sync/sidecar/sse"
)

// maxStreams is how many clients are told of changes at once; each costs a
// connection. Others ask for the state when they need it.
const maxStreams = 64

// maxHandedStreams is the same for clients of other sidecars. They cost no connection of
// their own, and the learners who are looking on are not spread evenly over the homes.
const maxHandedStreams = 128

// staleStream is how long a client hears of what this sidecar knows of a learner whose
// home could not be asked. It comes again then, and the home is asked again.
const staleStream = 15 * time.Second

// stream serves GET /v1/sync/events: the sync state, whenever it changes. It ends when
// the learner has another home, so that the client comes again and hears of that one.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, limits Limits) {
	filter, wrong := syncFilter(r, limits)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	if !r.ProtoAtLeast(1, 1) {
		h.writeProblem(w, &problem{
			status: http.StatusHTTPVersionNotSupported, kind: "http-version", title: "HTTP/1.1 is needed",
			detail: "a stream of events can't be sent over " + r.Proto + ": let the proxy use HTTP/1.1, " +
				"in nginx with proxy_http_version 1.1, or ask GET /v1/sync",
		})
		return
	}
	places, most := &h.streams, maxStreams
	if wire.IsHandedOn(r.Context()) {
		places, most = &h.handedStreams, maxHandedStreams
	}
	if !places.enter(most) {
		p := h.overloaded()
		p.title, p.detail, p.retryAfter = "Too many streams", "as many clients as may listen do so; ask GET /v1/sync meanwhile", 15*time.Second
		h.writeProblem(w, p)
		return
	}
	defer places.leave()
	select {
	case <-h.ended:
		h.writeProblem(w, &problem{
			status: http.StatusServiceUnavailable, kind: "stopping", title: "The sidecar is shutting down",
			detail: "listen to the pod that comes next", retryAfter: 5 * time.Second,
		})
		return
	default:
	}
	h.state.Streaming(1)
	defer h.state.Streaming(-1)
	ctx, end := h.whileHome(r, filter.UserID)
	defer end()
	forwarded, stop := h.untilEnd(ctx)
	defer stop()
	answered, missed := h.handOn(w, r.WithContext(forwarded), filter.UserID, limits)
	if answered {
		return
	}
	if missed {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, staleStream)
		defer cancel()
	}
	source := sse.Source{Changed: h.state.Changed, Append: func(b []byte) []byte {
		return append(b, encode(answerSync(h.stateOf(filter), missed))...)
	}}
	if err := sse.Serve(w, r.WithContext(ctx), source, h.ended); err != nil {
		h.writeProblem(w, &problem{
			status: http.StatusInternalServerError, kind: "no-streams", title: "No streams here",
			detail: "the server around the API can't send a stream of events; ask GET /v1/sync",
		})
	}
}

// untilEnd returns a context that ends with ctx, and when streams have to. stop frees
// what that takes.
func (h *Handler) untilEnd(ctx context.Context) (until context.Context, stop func()) {
	until, cut := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		defer cut()
		select {
		case <-h.ended:
		case <-until.Done():
		}
	}()
	return until, func() { cut(); <-watched }
}

// EndStreams ends the streams of events, and refuses those that come later: a
// server that shuts down waits for its answers, and these don't end on their
// own.
func (h *Handler) EndStreams() { h.ending.Do(func() { close(h.ended) }) }
