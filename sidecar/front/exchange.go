package front

import (
	"net/http"

	"github.com/valyala/fasthttp"
)

// exchange is a plain request, and the http.ResponseWriter of its answer. It is
// reused.
type exchange struct {
	request request
	ctx     *fasthttp.RequestCtx
	header  http.Header // of the answer
	wrote   bool        // the status of the answer
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
	e.request.http, e.request.body, e.ctx, e.wrote = http.Request{}, body{}, nil, false
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
