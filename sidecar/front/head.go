package front

import (
	"bytes"
	"net/http"
	"strings"
)

// Bounds of a plain request.
const (
	maxLines = 48
	maxBody  = 64 << 10
)

// route is a plain request's first line, and its path.
type route struct{ line, path string }

// head is the head of a plain request. The requests of a connection mostly have
// the same fields in the same order, so that it is kept for the next one.
type head struct {
	path   string
	size   int64 // of the body
	lines  []line
	header http.Header // has the values of lines
	host   int         // the line of it
	length int         // the line of it
}

// parse reads a head from the start of b and returns its length, 0 if it is not
// plain or not all there. After that h is of no more use.
func (h *head) parse(b []byte, routes []route) int {
	n := 0
	for _, r := range routes {
		if len(b) >= len(r.line) && string(b[:len(r.line)]) == r.line {
			n, h.path = len(r.line), r.path
			break
		}
	}
	if n == 0 {
		return 0
	}
	count, known := 0, true
	for {
		// A line that ends otherwise than with CRLF is for net/http to judge.
		end := bytes.IndexByte(b[n:], '\n')
		if end < 1 || b[n+end-1] != '\r' {
			return 0
		}
		raw := b[n : n+end-1]
		n += end + 1
		if len(raw) == 0 {
			break
		}
		if count == len(h.lines) {
			if count == maxLines {
				return 0
			}
			h.lines = append(h.lines, line{values: make([]string, 1)})
		}
		if l := &h.lines[count]; l.raw != string(raw) {
			renamed, plain := l.set(raw)
			if !plain {
				return 0
			}
			known = known && !renamed
		}
		count++
	}
	if !known || count != len(h.lines) || h.header == nil {
		h.lines = h.lines[:count]
		if !h.index() {
			return 0
		}
	}
	var plain bool
	if h.size, plain = parseLength(h.lines[h.length].values[0]); !plain {
		return 0
	}
	return n
}

// index makes the header of lines. A field must not be there twice.
func (h *head) index() bool {
	h.header = make(http.Header, len(h.lines))
	h.host, h.length = -1, -1
	for i := range h.lines {
		l := &h.lines[i]
		if _, twice := h.header[l.key]; twice {
			return false
		}
		h.header[l.key] = l.values
		switch l.key {
		case "Host":
			h.host = i
		case "Content-Length":
			h.length = i
		}
	}
	delete(h.header, "Host") // as net/http has it
	return h.host >= 0 && h.length >= 0
}

// line is one field.
type line struct {
	raw    string // without CRLF
	name   string // as it came
	key    string // canonical
	values []string
}

// set takes another line in, and reports whether its name is another, and
// whether it is plain.
func (l *line) set(raw []byte) (renamed, plain bool) {
	colon := bytes.IndexByte(raw, ':')
	if colon < 1 || !isValue(raw[colon+1:]) {
		return false, false
	}
	l.raw = string(raw) // values point into it, and may outlive the request
	if renamed = l.name != l.raw[:colon]; renamed {
		l.name = l.raw[:colon]
		if !isToken(l.name) {
			return true, false
		}
		l.key = http.CanonicalHeaderKey(l.name)
	}
	value := strings.Trim(l.raw[colon+1:], " \t")
	l.values[0] = value
	switch l.key {
	case "Host":
		plain = isHost(value)
	case "Connection":
		plain = strings.EqualFold(value, "keep-alive")
	case "Transfer-Encoding", "Trailer", "Expect", "Upgrade", "Pragma":
		plain = false
	default:
		plain = true
	}
	return renamed, plain
}

// isValue reports whether a field's value has no control characters.
func isValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isToken reports whether a field's name is one (RFC 9110, section 5.6.2).
func isToken(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return name != ""
}

// isHost reports whether a Host is a name or an address, with or without port.
func isHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && strings.IndexByte(".-:[]", c) < 0 {
			return false
		}
	}
	return host != ""
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// parseLength reads a Content-Length, and reports whether it is a number within
// bounds.
func parseLength(s string) (n int64, plain bool) {
	if s == "" || len(s) > len("65536") {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int64(s[i]-'0')
	}
	return n, n <= maxBody
}
