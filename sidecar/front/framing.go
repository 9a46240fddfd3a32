package front

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"
)

// judge says with which status a head is refused that fasthttp lets pass, 0 for
// none. A head is ambiguous if it says two things about where its request ends, of
// which two servers on the way may believe different ones, so that the end of one
// request is the beginning of another that nobody has checked (RFC 9112, sections
// 5.2 and 6.1): a Content-Length beside a Transfer-Encoding, or a line that goes on
// in the next. fasthttp refuses a Transfer-Encoding over HTTP/1.0, and ends the
// connection after a head with both, but answers it.
func judge(h *fasthttp.RequestHeader) (status int, ambiguous bool) {
	length, encoding, host := false, false, false
	for line := range bytes.Lines(h.RawHeaders()) {
		name, value, _ := bytes.Cut(line, []byte{':'})
		switch {
		case line[0] == ' ' || line[0] == '\t':
			return http.StatusBadRequest, true
		case bytes.IndexByte(name, ' ') >= 0:
			status = http.StatusBadRequest
		case bytes.EqualFold(name, []byte(fasthttp.HeaderContentLength)):
			length = true
		case bytes.EqualFold(name, []byte(fasthttp.HeaderTransferEncoding)):
			encoding = true
		case bytes.EqualFold(name, []byte(fasthttp.HeaderHost)):
			host = true
			if !isHost(bytes.TrimSpace(value)) {
				status = http.StatusBadRequest
			}
		}
	}
	switch {
	case length && encoding:
		return http.StatusBadRequest, true
	case status != 0:
	case !h.IsHTTP11() && string(h.Protocol()) != "HTTP/1.0":
		status = http.StatusHTTPVersionNotSupported
	case h.IsHTTP11() && !host:
		status = http.StatusBadRequest
	default:
		if expected := h.Peek(fasthttp.HeaderExpect); len(expected) > 0 && !strings.EqualFold(string(expected), "100-continue") {
			status = http.StatusExpectationFailed
		}
	}
	return status, false
}

// isHost reports whether a Host is a name or an address, with or without port.
func isHost(host []byte) bool {
	for _, c := range host {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && bytes.IndexByte([]byte(".-_:[]%"), c) < 0 {
			return false
		}
	}
	return true
}
