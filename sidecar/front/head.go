package front

import (
	"net/http"

	"github.com/valyala/fasthttp"
)

// head is the head of a request as net/http has it. The requests of a client mostly
// have the same fields in the same order, so that it is kept for the next one.
// Its strings are copies: what a handler makes of them may outlive the request.
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
