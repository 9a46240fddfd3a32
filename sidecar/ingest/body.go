package ingest

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

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
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return mediaOther
	}
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

// announced is what the head of r says of its body.
func announced(r *http.Request, limits Limits) (mediaType, *refusal) {
	media := mediaTypeOf(r)
	switch {
	case media == mediaOther:
		return media, unsupportedMedia(r)
	case r.ContentLength > limits.MaxBodyBytes:
		return media, tooManyBytes(limits)
	}
	return media, nil
}

// receive reads the body of r into buf, which may grow.
func (h *Handler) receive(r *http.Request, buf *[]byte, limits Limits, room *lease) (mediaType, *refusal) {
	media, refused := announced(r, limits)
	if refused != nil {
		return media, refused
	}
	body, err := readBody(r, *buf, limits.MaxBodyBytes, room)
	*buf = body
	switch {
	case errors.Is(err, errTooLarge):
		return media, tooManyBytes(limits)
	case errors.Is(err, errBusy):
		return media, &refusal{ReasonOverloaded, *h.overloaded()}
	case err != nil:
		return media, incomplete()
	}
	return media, nil
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
		"or one update a line as application/x-ndjson, in UTF-8 and without Content-Encoding; nothing was kept"
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		detail += ". This is what curl -d sends: use curl --json instead"
	}
	return &refusal{ReasonMediaType, problem{
		status: http.StatusUnsupportedMediaType, kind: "media-type", title: "Unsupported media type", detail: detail,
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
