package ingest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/coding"
	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
)

var (
	errTooLarge = errors.New("the body is too large")
	errBusy     = errors.New("too many bytes are in flight")
)

// atOnce is the size up to which a body gets its memory before it has come. A
// larger one gets more as it arrives, so that a slow client holds little.
const atOnce = 8 << 10

// readBody reads the whole body into buf, up to limit bytes and as far as there
// is room for it.
func readBody(r *http.Request, buf []byte, limit int64, room *lease) ([]byte, error) {
	if n := int(r.ContentLength); n >= 0 && n <= atOnce {
		if !room.grow(r.ContentLength) {
			return buf, errBusy
		}
		if cap(buf) < n {
			buf = make([]byte, n)
		}
		buf = buf[:n]
		_, err := io.ReadFull(r.Body, buf)
		return buf, err
	}
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(512, cap(buf)))
		}
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return buf, errTooLarge
		}
		if !room.grow(int64(len(buf))) {
			return buf, errBusy
		}
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// mediaType is how the items of a body are written.
type mediaType int

const (
	mediaOther mediaType = iota
	mediaJSON
	mediaLines
)

func mediaTypeOf(r *http.Request) mediaType {
	content := r.Header.Get("Content-Type")
	switch content {
	case "", "application/json", "text/plain;charset=UTF-8": // the last is a beacon's
		return mediaJSON
	case "application/x-ndjson":
		return mediaLines
	}
	name, parameters, err := mime.ParseMediaType(content)
	if err != nil {
		return mediaOther
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return mediaOther
	}
	switch name {
	case "application/json", "text/plain":
		return mediaJSON
	case "application/x-ndjson":
		return mediaLines
	}
	return mediaOther
}

// representation is how a body is written.
type representation struct {
	media  mediaType
	coding coding.Coding
}

// announced is what the head of r says of its body.
func announced(r *http.Request, limits Limits) (representation, *refusal) {
	packed, known := coding.Of(r.Header)
	as := representation{mediaTypeOf(r), packed}
	switch {
	case !known:
		return as, unsupportedCoding()
	case as.media == mediaOther:
		return as, unsupportedMedia(r)
	case r.ContentLength > limits.MaxBodyBytes:
		return as, tooManyBytes(limits)
	}
	return as, nil
}

// admit reads the body of r into buf, which may grow, takes one of the places for requests
// and unpacks the body there. Unless it refuses, the caller has to leave the place.
func (h *Handler) admit(r *http.Request, buf *[]byte, limits Limits, room *lease) (representation, *refusal) {
	as, refused := h.receive(r, buf, limits, room)
	if refused != nil {
		return as, refused
	}
	// Only now, so that clients which send slowly don't take the places.
	if !h.requests.enter(limits.MaxConcurrent) {
		return as, &refusal{ReasonOverloaded, *h.overloaded()}
	}
	if refused := h.unpack(as.coding, buf, limits, room); refused != nil {
		h.requests.leave()
		return as, refused
	}
	return as, nil
}

// receive reads the body of r, as it was sent, into buf, which may grow.
func (h *Handler) receive(r *http.Request, buf *[]byte, limits Limits, room *lease) (representation, *refusal) {
	as, refused := announced(r, limits)
	if refused != nil {
		return as, refused
	}
	body, err := readBody(r, *buf, limits.MaxBodyBytes, room)
	*buf = body
	switch {
	case errors.Is(err, errTooLarge):
		return as, tooManyBytes(limits)
	case errors.Is(err, errBusy):
		return as, &refusal{ReasonOverloaded, *h.overloaded()}
	case err != nil:
		return as, incomplete()
	}
	return as, nil
}

// unpack puts what a body is in the place of how it was sent.
func (h *Handler) unpack(c coding.Coding, buf *[]byte, limits Limits, room *lease) *refusal {
	sent := len(*buf)
	if c != coding.Identity {
		into := h.pools.getBuffer()
		defer h.pools.putBuffer(into)
		body, err := h.unpacker.Unpack(c, *buf, *into, coding.Limit{
			Bytes: int(limits.MaxBodyBytes),
			Grant: func(bytes int) bool { return room.grow(int64(sent + bytes)) },
		})
		switch {
		case errors.Is(err, coding.ErrTooLarge):
			return tooLarge(fmt.Sprintf("the unpacked body has more than %d bytes", limits.MaxBodyBytes))
		case errors.Is(err, coding.ErrNoRoom):
			return &refusal{ReasonOverloaded, *h.overloaded()}
		case err != nil:
			return notPacked(c, err)
		}
		*buf, *into = body, *buf
	}
	h.state.Received(c, sent, len(*buf))
	return nil
}

func incomplete() *refusal {
	return &refusal{ReasonMalformed, problem{
		status: http.StatusBadRequest, kind: "incomplete", title: "Incomplete request",
		detail: "the connection ended or the time was up before the whole body had arrived; nothing was kept",
	}}
}

// decode takes a body apart into q.
func decode(q *scan.Items, media mediaType, body []byte) *refusal {
	var err error
	if media == mediaLines {
		err = q.Lines(body)
	} else {
		err = q.JSON(body)
	}
	if err == nil {
		return nil
	}
	return refuseBody(err, body)
}

func unsupportedMedia(r *http.Request) *refusal {
	detail := "send one update or an array as Content-Type: application/json (or text/plain, as a beacon does), " +
		"or one update a line as application/x-ndjson, in UTF-8; nothing was kept"
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		detail += ". This is what curl -d sends: use curl --json instead"
	}
	return &refusal{ReasonMediaType, problem{
		status: http.StatusUnsupportedMediaType, kind: "media-type", title: "Unsupported media type", detail: detail,
	}}
}

func unsupportedCoding() *refusal {
	return &refusal{ReasonMediaType, problem{
		status: http.StatusUnsupportedMediaType, kind: "content-encoding", title: "Unsupported content encoding",
		detail:         "send the body as it is, or with Content-Encoding: gzip or zstd, and one of them once; nothing was kept",
		acceptEncoding: coding.Accepted,
	}}
}

func notPacked(c coding.Coding, err error) *refusal {
	return &refusal{ReasonMalformed, problem{
		status: http.StatusBadRequest, kind: "malformed", title: "Malformed body",
		detail: fmt.Sprintf("Content-Encoding says %s, but %v; pack it anew, or send it as it is without that field; nothing was kept", c, err),
	}}
}

// refuseBody words why nothing of a body can be used.
func refuseBody(err error, body []byte) *refusal {
	var (
		many   *scan.TooManyError
		syntax *scan.SyntaxError
	)
	switch {
	case errors.As(err, &many):
		return tooLarge(err.Error())
	case errors.As(err, &syntax):
		line, column := position(body, syntax.Pos)
		err = fmt.Errorf("the body is not valid JSON: %w (line %d, column %d)", err, line, column)
	case errors.Is(err, scan.ErrNotItems):
		return &refusal{ReasonInvalid, problem{
			status: scan.StatusInvalid, kind: "invalid", title: "Invalid updates",
			detail: err.Error() + "; nothing was kept",
		}}
	}
	return &refusal{ReasonMalformed, problem{
		status: http.StatusBadRequest, kind: "malformed", title: "Malformed body",
		detail: err.Error() + "; nothing was kept",
	}}
}

func tooManyBytes(limits Limits) *refusal {
	return tooLarge(fmt.Sprintf("the body has more than %d bytes", limits.MaxBodyBytes))
}

func tooLarge(what string) *refusal {
	return &refusal{ReasonTooLarge, problem{
		status: http.StatusRequestEntityTooLarge, kind: "too-large", title: "Request too large",
		detail: what + ", which is the limit; nothing was kept, send less at once",
	}}
}

// position is the line and the column, in bytes from 1, of an offset.
func position(text []byte, offset int) (line, column int) {
	line, column = 1, 1
	for _, c := range text[:min(offset, len(text))] {
		column++
		if c == '\n' {
			line, column = line+1, 1
		}
	}
	return line, column
}

// refusal is why nothing of a request was kept.
type refusal struct {
	reason Reason
	problem
}
