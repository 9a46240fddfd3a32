package front

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// handlers answer requests.
type handlers struct {
	http    *http.Server
	paths   []string
	refuse  http.HandlerFunc
	others  fasthttp.RequestHandler
	closing chan struct{} // closed when the server is

	exchanges *sync.Pool
	date      *date
}

func newHandlers(h *http.Server, refuse http.HandlerFunc, paths []string) handlers {
	return handlers{
		http: h, paths: paths, refuse: refuse, closing: make(chan struct{}),
		others:    fasthttpadaptor.NewFastHTTPHandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveOther(h.Handler, w, r) }),
		exchanges: &sync.Pool{New: func() any { return &exchange{header: http.Header{}} }},
		date:      &date{},
	}
}

// serve answers a request with the handler that is for it.
func (h *handlers) serve(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetBytesV("Date", h.date.at(time.Now()))
	head := &ctx.Request.Header
	if status, ambiguous := judge(head); status != 0 {
		if ambiguous {
			h.answer(ctx, h.refuse, "")
		} else {
			refuseHead(ctx, status)
		}
		ctx.SetConnectionClose()
		return
	}
	if i := slices.Index(h.paths, string(head.RequestURI())); i >= 0 && head.IsPost() && head.IsHTTP11() {
		h.answer(ctx, h.http.Handler.ServeHTTP, h.paths[i])
		return
	}
	// The adaptor would keep all of a body in memory, and no handler reads it.
	_ = ctx.Request.CloseBodyStream()
	h.others(ctx)
}

// answer calls a handler without the adaptor.
func (h *handlers) answer(ctx *fasthttp.RequestCtx, handle http.HandlerFunc, path string) {
	e, ok := h.exchanges.Get().(*exchange)
	if !ok {
		return // the pool makes nothing else
	}
	e.begin(ctx, path)
	handle(e, &e.request)
	e.end()
	h.exchanges.Put(e)
}

// serveOther lets a handler know when its client has gone. The context of fasthttp
// ends only with the server, and then at once.
func serveOther(next http.Handler, w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if fast, ok := r.Context().(*fasthttp.RequestCtx); ok {
		if strings.HasPrefix(r.RequestURI, "/") {
			// fasthttp takes the host from //host/path, which is a path here.
			r.Host = string(fast.Request.Header.Host())
		}
		if c, ok := fast.Conn().(*conn); ok {
			defer c.watch(cancel)()
		}
	}
	r.Header.Del("Host") // as net/http has it
	next.ServeHTTP(w, r.WithContext(ctx))
}

// malformed answers a request that fasthttp can't read.
func (h *handlers) malformed(ctx *fasthttp.RequestCtx, err error) {
	ctx.Response.Header.SetBytesV("Date", h.date.at(time.Now()))
	var small *fasthttp.ErrSmallBuffer
	var late net.Error
	switch {
	case errors.Is(err, fasthttp.ErrUnsupportedTransferEncoding):
		h.answer(ctx, h.refuse, "")
	case errors.As(err, &small):
		refuseHead(ctx, http.StatusRequestHeaderFieldsTooLarge)
	case errors.As(err, &late) && late.Timeout():
		refuseHead(ctx, http.StatusRequestTimeout)
	default:
		refuseHead(ctx, http.StatusBadRequest)
	}
}

// refuseHead answers what no handler sees. Unlike RequestCtx.Error it leaves the
// header's settings as they are.
func refuseHead(ctx *fasthttp.RequestCtx, status int) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(http.StatusText(status))
}

// panicked ends the connection of a handler that did, as net/http does.
func (h *handlers) panicked(ctx *fasthttp.RequestCtx, v any) {
	if err, ok := v.(error); (!ok || !errors.Is(err, http.ErrAbortHandler)) && h.http.ErrorLog != nil {
		h.http.ErrorLog.Printf("http: panic serving %v: %v\n%s", ctx.RemoteAddr(), v, debug.Stack())
	}
	ctx.Response.Reset()
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) { _ = c.Close() })
}
