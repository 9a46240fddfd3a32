package front

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// target is what the first line of a request asks for.
type target struct {
	uri   string
	url   url.URL
	plain bool // a POST or a PUT of one of the server's paths, or a PUT below one
}

// targetOf reads the first line as net/http does. It is false for a URI that is
// none, and for the one of the server as a whole, "*".
func targetOf(h *fasthttp.RequestHeader, paths []string) (target, bool) {
	if i := slices.Index(paths, string(h.RequestURI())); i >= 0 {
		return target{uri: paths[i], url: url.URL{Path: paths[i]}, plain: hasBody(h) && !isFolder(paths[i])}, true
	}
	uri := string(h.RequestURI())
	u, err := url.ParseRequestURI(uri)
	if err != nil || uri == "*" {
		return target{}, false
	}
	return target{uri: uri, url: *u, plain: hasBody(h) && slices.ContainsFunc(paths, func(path string) bool {
		return isFolder(path) && h.IsPut() && strings.HasPrefix(u.Path, path) || !isFolder(path) && u.Path == path
	})}, true
}

// hasBody reports whether the request is of a method whose body is read.
func hasBody(h *fasthttp.RequestHeader) bool { return h.IsPost() || h.IsPut() }

// isFolder reports whether a path of the server stands for what is below it.
func isFolder(path string) bool { return strings.HasSuffix(path, "/") }

// request is a request for a handler of net/http. All its strings are copies: what a
// handler keeps outlives fasthttp's request, whose memory the next one gets.
type request struct {
	http http.Request
	url  url.URL
	head head
	body body
}

// take makes r of fasthttp's request.
func (r *request) take(ctx *fasthttp.RequestCtx, t *target) {
	h := &ctx.Request.Header
	r.url = t.url
	r.head.take(h)
	r.http = http.Request{
		Method: http.MethodPost, URL: &r.url, RequestURI: t.uri,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: r.head.host, Header: r.head.header,
		ContentLength: int64(max(h.ContentLength(), -1)), Body: http.NoBody,
	}
	if !h.IsPost() {
		r.http.Method = string(h.Method())
	}
	if !h.IsHTTP11() {
		r.http.Proto, r.http.ProtoMinor = "HTTP/1.0", 0
	}
	if t.url.Host != "" {
		r.http.Host = t.url.Host
	}
	if c, ok := ctx.Conn().(*conn); ok {
		r.http.RemoteAddr = c.remote
	}
	if stream := ctx.RequestBodyStream(); stream != nil {
		r.body = body{stream: stream, left: r.http.ContentLength}
		r.http.Body = &r.body
	}
	if r.http.ContentLength < 0 {
		r.http.TransferEncoding = []string{"chunked"}
	}
}

// body is that of a request.
type body struct {
	stream io.Reader
	left   int64 // less than 0 with chunks
}

// Read implements io.Reader. fasthttp takes the end of the connection for that of
// a body with a length.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.stream.Read(p)
	if b.left > 0 {
		if b.left -= int64(n); b.left > 0 && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// Close implements io.Closer. What is left of the body is fasthttp's to read.
func (*body) Close() error { return nil }

// head is the head of a request as net/http has it. The requests of a client mostly
// have the same fields in the same order, so that it is kept for the next one.
type head struct {
	host   string
	header http.Header
	fields []field
}

// field is one value.
type field struct{ key, value string }

// take makes h the head, and leaves as it is what is the same.
func (h *head) take(raw *fasthttp.RequestHeader) {
	if host := raw.Host(); h.host != string(host) {
		h.host = string(host)
	}
	count, same := 0, h.header != nil
	for key, value := range raw.All() {
		switch string(key) {
		case "Host", "Transfer-Encoding", "Trailer":
			continue
		}
		if count == len(h.fields) {
			h.fields, same = append(h.fields, field{}), false
		}
		f := &h.fields[count]
		if f.key != string(key) {
			f.key, same = string(key), false
		}
		if f.value != string(value) {
			f.value, same = string(value), false
		}
		count++
	}
	if same && count == len(h.fields) {
		return
	}
	h.fields = h.fields[:count]
	h.header = make(http.Header, count)
	values := make([]string, count)
	for i, f := range h.fields {
		if before, twice := h.header[f.key]; twice {
			h.header[f.key] = append(before, f.value)
			continue
		}
		values[i] = f.value
		h.header[f.key] = values[i : i+1 : i+1]
	}
}
