package front

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// Refuser answers requests that the handler does not get.
type Refuser interface {
	// RefuseFraming answers a request whose end can't be told.
	RefuseFraming(w http.ResponseWriter, r *http.Request)
	// RefuseIncomplete answers a request with a body of which nothing has come.
	// Only the request's method is known by then.
	RefuseIncomplete(w http.ResponseWriter, r *http.Request)
	// RefuseUnread answers a POST or a PUT of one of the paths that is refused whatever
	// its body says, and reports false for any other.
	RefuseUnread(w http.ResponseWriter, r *http.Request) bool
}

// handlers answer requests.
type handlers struct {
	http    *http.Server
	paths   []string
	refuser Refuser
	closing chan struct{} // closed when the server is

	exchanges *sync.Pool
	date      *date
}

func newHandlers(h *http.Server, refuser Refuser, paths []string) handlers {
	return handlers{
		http: h, paths: paths, refuser: refuser, closing: make(chan struct{}),
		exchanges: &sync.Pool{New: func() any { return &exchange{header: http.Header{}} }},
		date:      &date{},
	}
}

// serve answers a request with the handler that is for it.
func (h *handlers) serve(ctx *fasthttp.RequestCtx) {
	h.setDate(ctx)
	status, ambiguous := judge(&ctx.Request.Header)
	t, ok := targetOf(&ctx.Request.Header, h.paths)
	switch {
	case ambiguous:
		h.answer(ctx, h.refuser.RefuseFraming, &t)
		ctx.SetConnectionClose()
	case status != 0 || !ok:
		refuseHead(ctx, max(status, http.StatusBadRequest))
		ctx.SetConnectionClose()
	case t.plain:
		h.answer(ctx, h.http.Handler.ServeHTTP, &t)
	default:
		h.answerOther(ctx, &t)
	}
}

// expect says whether a client may send the body that it asks for permission to
// send (RFC 9110, section 10.1.1), with the status 100, or answers the request.
func (h *handlers) expect(ctx *fasthttp.RequestCtx) (status int) {
	t, ok := targetOf(&ctx.Request.Header, h.paths)
	if status, _ := judge(&ctx.Request.Header); status != 0 || !ok || !t.plain {
		h.serve(ctx)
		return ctx.Response.StatusCode()
	}
	refused := false
	h.answer(ctx, func(w http.ResponseWriter, r *http.Request) { refused = h.refuser.RefuseUnread(w, r) }, &t)
	if !refused {
		return http.StatusContinue
	}
	h.setDate(ctx)
	return ctx.Response.StatusCode()
}

// answer calls a handler without the adaptor.
func (h *handlers) answer(ctx *fasthttp.RequestCtx, handle http.HandlerFunc, t *target) {
	e, ok := h.exchanges.Get().(*exchange)
	if !ok {
		return // the pool makes nothing else
	}
	e.ctx = ctx
	e.request.take(ctx, t)
	handle(e, &e.request.http)
	e.end()
	h.exchanges.Put(e)
}

// answerOther calls the handler through the adaptor, which answers while the handler
// runs. The handler gets no body: the adaptor would keep all of it in memory.
func (h *handlers) answerOther(ctx *fasthttp.RequestCtx, t *target) {
	c, ok := ctx.Conn().(*conn)
	if !ok {
		return // the server has no others
	}
	var r request
	r.take(ctx, t)
	r.http.ContentLength, r.http.TransferEncoding, r.http.Body = 0, nil, http.NoBody
	_ = ctx.Request.CloseBodyStream()
	c.handlers.Add(1)
	// What the adaptor makes of the request is fasthttp's memory, so that the
	// handler gets r instead.
	fasthttpadaptor.NewFastHTTPHandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer c.handlers.Done()
		defer func() {
			if v := recover(); v != nil {
				h.report(c.remote, v)
				panic(http.ErrAbortHandler) // ends the connection without a word
			}
		}()
		gone, cancel := context.WithCancel(context.Background())
		defer cancel()
		defer c.watch(cancel, h.http.ReadTimeout)()
		h.http.Handler.ServeHTTP(w, r.http.WithContext(gone))
	})(ctx)
}

// malformed answers a request that fasthttp can't read.
func (h *handlers) malformed(ctx *fasthttp.RequestCtx, err error) {
	h.setDate(ctx)
	var small *fasthttp.ErrSmallBuffer
	var late net.Error
	switch {
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding):
		h.answer(ctx, h.refuser.RefuseFraming, &target{})
	case isOfBody(err) && len(h.paths) > 0:
		h.answer(ctx, h.refuser.RefuseIncomplete, &target{})
	case errors.As(err, &small):
		refuseHead(ctx, http.StatusRequestHeaderFieldsTooLarge)
	case errors.As(err, &late) && late.Timeout():
		refuseHead(ctx, http.StatusRequestTimeout)
	default:
		refuseHead(ctx, http.StatusBadRequest)
	}
}

// isOfBody reports whether fasthttp has read the head, and nothing of the body then.
// It wraps the errors of a head, and passes on those of a body.
func isOfBody(err error) bool {
	_, ok := err.(net.Error)                //nolint:errorlint // see above
	return ok || err == io.ErrUnexpectedEOF //nolint:errorlint // see above
}

func (h *handlers) setDate(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetBytesV("Date", h.date.at(time.Now()))
}

// refuseHead answers what no handler sees. Unlike RequestCtx.Error it leaves the
// header's settings as they are.
func refuseHead(ctx *fasthttp.RequestCtx, status int) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(http.StatusText(status))
}

// survive ends the connection of a handler that panics, as net/http does. It must
// be deferred itself.
func (h *handlers) survive(ctx *fasthttp.RequestCtx) {
	if v := recover(); v != nil {
		h.report(ctx.RemoteAddr().String(), v)
		drop(ctx)
	}
}

// report logs what a handler panicked with, unless it only wanted to end the
// connection.
func (h *handlers) report(remote string, v any) {
	if err, ok := v.(error); (!ok || !errors.Is(err, http.ErrAbortHandler)) && h.http.ErrorLog != nil {
		h.http.ErrorLog.Printf("http: panic serving %s: %v\n%s", remote, v, debug.Stack())
	}
}

// drop ends the connection without an answer.
func drop(ctx *fasthttp.RequestCtx) {
	ctx.Response.Reset()
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) { _ = c.Close() })
}
