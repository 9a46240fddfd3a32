package ingest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const deadLettersPath = "/v1/dead-letters"

// Limits of the calls on dead letters.
const (
	defaultDeadLetterPage = 100
	maxDeadLetterPage     = 1000
	// maxReplayTime is the longest time that a replay of all starts new ones.
	maxReplayTime = 20 * time.Second
	// replaysAtOnce share a sync of the disk.
	replaysAtOnce = 64
)

// deadLetters serves /v1/dead-letters and what is below; rest is the path after
// that.
func (h *Handler) deadLetters(w http.ResponseWriter, r *http.Request, rest string, limits Limits) {
	if !h.requests.enter(limits.MaxConcurrent) {
		h.writeProblem(w, h.overloaded())
		return
	}
	defer h.requests.leave()
	id, verb, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	route, methods := h.deadLetterRoute(r.Method, rest, id, verb)
	switch {
	case methods == "":
		h.notFound(w)
	case route == nil:
		h.refuseMethod(w, methods)
	default:
		route(w, r)
	}
}

// deadLetterRoute finds what serves a path and its methods; none for a path
// that does not exist, no route for a method that is not among them.
func (h *Handler) deadLetterRoute(method, rest, id, verb string) (route http.HandlerFunc, methods string) {
	withID := func(do func(http.ResponseWriter, *http.Request, uint64)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			n, err := strconv.ParseUint(id, 10, 64)
			if err != nil {
				h.writeProblem(w, noDeadLetter())
				return
			}
			do(w, r, n)
		}
	}
	all := map[string]http.HandlerFunc{}
	switch {
	case rest == "":
		all[http.MethodGet], methods = h.listDeadLetters, "GET, HEAD"
	case rest == "/replay":
		all[http.MethodPost], methods = h.replayDeadLetters, "POST"
	case id != "" && rest == "/"+id:
		all[http.MethodGet], all[http.MethodDelete] = withID(h.readDeadLetter), withID(h.deleteDeadLetter)
		methods = "GET, HEAD, DELETE"
	case id != "" && verb == "replay":
		all[http.MethodPost], methods = withID(h.replayDeadLetter), "POST"
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return all[method], methods
}

// listDeadLetters serves GET /v1/dead-letters?cursor=&limit=.
func (h *Handler) listDeadLetters(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, wrong := wholeNumber(query, "cursor", 0, 0, 1<<63, "must be the next of an answer before")
	if wrong == nil {
		var limit uint64
		if limit, wrong = wholeNumber(query, "limit", defaultDeadLetterPage, 1, maxDeadLetterPage,
			"must be a whole number from 1 to 1000"); wrong == nil {
			h.answerDeadLetters(w, after, int(limit))
			return
		}
	}
	h.writeProblem(w, wrong)
}

func (h *Handler) answerDeadLetters(w http.ResponseWriter, after uint64, limit int) {
	letters, more, err := h.buffer.ListDeadLetters(after, limit)
	if err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	room := h.lease(*h.limits.Load())
	defer room.end()
	if !room.grow(int64(len(letters)) * recordBytes) {
		p := h.overloaded()
		p.detail = "there is no room for the answer now; ask again, or for fewer with limit="
		h.writeProblem(w, p)
		return
	}
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, `{"deadLetters":[`...)
	for i := range letters {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendDeadLetter(b, &letters[i])
	}
	b = append(b, `],"next":`...)
	if more {
		b = appendID(b, letters[len(letters)-1].ID)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, "}\n"...)
	*out = b
	h.write(w, http.StatusOK, b)
}

// readDeadLetter serves GET /v1/dead-letters/{id}.
func (h *Handler) readDeadLetter(w http.ResponseWriter, _ *http.Request, id uint64) {
	letter, err := h.buffer.DeadLetter(id)
	if err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	*out = append(appendDeadLetter((*out)[:0], &letter), '\n')
	h.write(w, http.StatusOK, *out)
}

// deleteDeadLetter serves DELETE /v1/dead-letters/{id}.
func (h *Handler) deleteDeadLetter(w http.ResponseWriter, _ *http.Request, id uint64) {
	if err := h.buffer.DeleteDeadLetter(id); err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	h.state.HeldChanged()
	w.WriteHeader(http.StatusNoContent)
}

// replayDeadLetter serves POST /v1/dead-letters/{id}/replay.
func (h *Handler) replayDeadLetter(w http.ResponseWriter, _ *http.Request, id uint64) {
	if err := h.buffer.ReplayDeadLetter(id); err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	h.answerReplay(w, replayed{count: 1})
}

// replayed is what came of a replay of several.
type replayed struct {
	count  int64
	failed int64 // those that stay for a reason of their own
	more   bool  // whether some were left for another call
}

// replayDeadLetters serves POST /v1/dead-letters/replay[?sqlState=].
func (h *Handler) replayDeadLetters(w http.ResponseWriter, r *http.Request) {
	sqlState := r.URL.Query().Get("sqlState")
	if sqlState != "" && len(sqlState) != len("23514") {
		h.writeProblem(w, queryProblem("sqlState", "must be a SQLSTATE of five characters, such as 23514"))
		return
	}
	done, err := h.replayAll(r.Context(), sqlState)
	if err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	h.answerReplay(w, done)
}

// replayAll replays all dead letters that were there at the call. One that is
// refused again meanwhile is a new one and left alone.
func (h *Handler) replayAll(ctx context.Context, sqlState string) (done replayed, err error) {
	began := progress.InstantOf(time.Now())
	var count, failed atomic.Int64
	for after := uint64(0); ; {
		letters, more, err := h.buffer.ListDeadLetters(after, maxDeadLetterPage)
		if err != nil {
			return done, err
		}
		var group errgroup.Group
		group.SetLimit(replaysAtOnce)
		for _, letter := range letters {
			after = letter.ID
			if letter.First > began || sqlState != "" && letter.Reason.SQLState != sqlState {
				continue
			}
			group.Go(func() error {
				err := h.buffer.ReplayDeadLetter(letter.ID)
				switch {
				case err == nil:
					count.Add(1)
				case errors.Is(err, buffer.ErrNoDeadLetter): // someone else was faster
					return nil
				case errors.Is(err, buffer.ErrRange):
					failed.Add(1)
					return nil
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return done, err
		}
		done = replayed{count.Load(), failed.Load(), more}
		late := ctx.Err() != nil || progress.InstantOf(time.Now())-began > progress.Instant(maxReplayTime.Microseconds())
		if !more || late {
			return done, nil
		}
	}
}

func (h *Handler) answerReplay(w http.ResponseWriter, done replayed) {
	h.state.HeldChanged()
	out := h.pools.getBuffer()
	defer h.pools.putBuffer(out)
	b := (*out)[:0]
	b = append(b, `{"replayed":`...)
	b = strconv.AppendInt(b, done.count, 10)
	b = append(b, `,"failed":`...)
	b = strconv.AppendInt(b, done.failed, 10)
	b = append(b, `,"more":`...)
	b = strconv.AppendBool(b, done.more)
	b = append(b, `,"sync":`...)
	sync := h.state.SyncState()
	*out = append(appendSyncState(b, &sync), "}\n"...)
	h.write(w, http.StatusOK, *out)
}

func (h *Handler) refuseDeadLetter(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, buffer.ErrNoDeadLetter):
		h.writeProblem(w, noDeadLetter())
	case errors.Is(err, buffer.ErrRange):
		h.writeProblem(w, &problem{
			status: http.StatusConflict, kind: "range", title: "Sums out of range",
			detail: "what came for this lesson since and this dead letter can't be added; it stays: replay it again " +
				"once the newer record is saved, or delete it",
		})
	default:
		_, p := putProblem(err, h.untilNextSync())
		h.writeProblem(w, &p)
	}
}

func noDeadLetter() *problem {
	return &problem{
		status: http.StatusNotFound, kind: "not-found", title: "Not found",
		detail: "there is no such dead letter: it was replayed or deleted, or never was; GET " + deadLettersPath + " lists those that there are",
	}
}

// wholeNumber reads an optional parameter.
func wholeNumber(query url.Values, name string, missing, least, most uint64, allowed string) (uint64, *problem) {
	text := query.Get(name)
	if text == "" {
		return missing, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, queryProblem(name, allowed)
	}
	return n, nil
}

// appendDeadLetter writes a dead letter. Its id is a string, since only the
// sidecar counts with it.
func appendDeadLetter(b []byte, dl *buffer.DeadLetter) []byte {
	b = append(b, `{"id":`...)
	b = appendID(b, dl.ID)
	if dl.Reason.SQLState == "" {
		b = append(b, `,"reason":"not_written"`...)
	} else {
		b = append(b, `,"reason":"refused","sqlState":`...)
		b = appendString(b, dl.Reason.SQLState)
	}
	if dl.Reason.Constraint != "" {
		b = append(b, `,"constraint":`...)
		b = appendString(b, dl.Reason.Constraint)
	}
	b = append(b, `,"times":`...)
	b = strconv.AppendUint(b, dl.Times, 10)
	b = appendInstant(b, `,"firstRefusedAt":`, dl.First)
	b = appendInstant(b, `,"lastRefusedAt":`, dl.Last)
	b = append(b, `,"record":`...)
	b = appendRecord(b, &dl.Record, max(1, dl.Record.UpdateCount))
	return append(b, "}}"...)
}

func appendID(b []byte, id uint64) []byte {
	b = append(b, '"')
	b = strconv.AppendUint(b, id, 10)
	return append(b, '"')
}
