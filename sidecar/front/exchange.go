package front

import (
	"io"
	"net/http"
	"net/url"

	"github.com/valyala/fasthttp"
)

// exchange is a request for a handler of net/http, and the http.ResponseWriter of
// its answer. It is reused.
type exchange struct {
	request http.Request
	url     url.URL
	head    head

	ctx    *fasthttp.RequestCtx
	body   body
	header http.Header // of the answer
	wrote  bool        // the status of the answer
}

// body is that of a request.
type body struct{ io.Reader }

// Close implements io.Closer. What is left of the body is fasthttp's to read.
func (body) Close() error { return nil }

// begin makes the request. path is known to the server, and has no query.
func (e *exchange) begin(ctx *fasthttp.RequestCtx, path string) {
	h := &ctx.Request.Header
	e.ctx = ctx
	e.url = url.URL{Path: path}
	e.head.take(h)
	e.request = http.Request{
		Method: http.MethodPost, URL: &e.url, RequestURI: path,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: e.head.host, Header: e.head.header,
		ContentLength: int64(max(h.ContentLength(), -1)), Body: http.NoBody,
	}
	if c, ok := ctx.Conn().(*conn); ok {
		e.request.RemoteAddr = c.remote
	}
	if stream := ctx.RequestBodyStream(); stream != nil {
		e.body.Reader = stream
		e.request.Body = &e.body
	}
	if e.request.ContentLength < 0 {
		e.request.TransferEncoding = []string{"chunked"}
	}
}

// end sends the header of the answer.
func (e *exchange) end() {
	e.WriteHeader(http.StatusOK)
	response := &e.ctx.Response
	for key, values := range e.header {
		switch key {
		case "Date", "Content-Length", "Transfer-Encoding":
			continue
		}
		for _, value := range values {
			response.Header.Add(key, value)
		}
	}
	if _, set := e.header["Content-Type"]; !set && len(response.Body()) > 0 {
		response.Header.SetContentType(http.DetectContentType(response.Body()))
	}
	clear(e.header)
	e.request, e.body, e.ctx, e.wrote = http.Request{}, body{}, nil, false
}

// Header implements http.ResponseWriter.
func (e *exchange) Header() http.Header { return e.header }

// WriteHeader implements http.ResponseWriter. Informational answers are not
// sent.
func (e *exchange) WriteHeader(status int) {
	if !e.wrote && status >= http.StatusOK {
		e.wrote = true
		e.ctx.SetStatusCode(status)
	}
}

// Write implements http.ResponseWriter.
func (e *exchange) Write(p []byte) (int, error) {
	e.WriteHeader(http.StatusOK)
	if status := e.ctx.Response.StatusCode(); status == http.StatusNoContent || status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	e.ctx.Response.AppendBody(p)
	return len(p), nil
}
