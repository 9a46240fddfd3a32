package front

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// answer is an http.ResponseWriter that keeps everything until the handler is
// done.
type answer struct {
	header http.Header
	status int
	body   []byte
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. Informational answers are not
// sent.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !a.mayHaveBody() {
		return 0, http.ErrBodyNotAllowed
	}
	a.body = append(a.body, p...)
	return len(p), nil
}

func (a *answer) mayHaveBody() bool {
	return a.status != http.StatusNoContent && a.status != http.StatusNotModified
}

// append writes the whole answer. stays is whether the connection can stay, and
// then whether the answer lets it.
func (a *answer) append(b []byte, date string, stays bool) (_ []byte, _ bool) {
	a.WriteHeader(http.StatusOK)
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(a.status)...)
	b = append(b, "\r\nDate: "...)
	b = append(b, date...)
	for key, values := range a.header {
		switch key {
		case "Date", "Content-Length", "Transfer-Encoding":
			continue
		case "Connection":
			stays = stays && !strings.EqualFold(a.header.Get(key), "close")
			continue
		}
		for _, value := range values {
			b = append(b, "\r\n"...)
			b = append(b, key...)
			b = append(b, ": "...)
			b = appendValue(b, value)
		}
	}
	if !stays {
		b = append(b, "\r\nConnection: close"...)
	}
	if a.mayHaveBody() {
		if _, set := a.header["Content-Type"]; !set && len(a.body) > 0 {
			b = append(b, "\r\nContent-Type: "...)
			b = append(b, http.DetectContentType(a.body)...)
		}
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(a.body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, a.body...), stays
}

// appendValue writes a field's value, which must not begin another field.
func appendValue(b []byte, value string) []byte {
	start := len(b)
	b = append(b, value...)
	for i, c := range b[start:] {
		if c == '\r' || c == '\n' {
			b[start+i] = ' '
		}
	}
	return b
}

// date is the text of the current second.
type date struct{ last atomic.Pointer[dated] }

type dated struct {
	second int64
	text   string
}

func (d *date) at(now time.Time) string {
	second := now.Unix()
	if last := d.last.Load(); last != nil && last.second == second {
		return last.text
	}
	next := &dated{second, now.UTC().Format(http.TimeFormat)}
	d.last.Store(next)
	return next.text
}
