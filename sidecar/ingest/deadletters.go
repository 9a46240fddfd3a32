package ingest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Limits of the calls on dead letters.
const (
	defaultDeadLetterPage = 100
	maxDeadLetterPage     = 1000
	// maxReplayTime is the longest time that a replay of all starts new ones.
	maxReplayTime = 20 * time.Second
	// replaysAtOnce share a sync of the disk.
	replaysAtOnce = 64
)

// listDeadLetters serves GET /v1/dead-letters?cursor=&limit=.
func (h *Handler) listDeadLetters(w http.ResponseWriter, r *http.Request, limits Limits) {
	query := r.URL.Query()
	after, wrong := wholeNumber(query, "cursor", 0, 0, 1<<63, "must be the next of an answer before")
	if wrong == nil {
		var limit uint64
		if limit, wrong = wholeNumber(query, "limit", defaultDeadLetterPage, 1, maxDeadLetterPage,
			"must be a whole number from 1 to 1000"); wrong == nil {
			h.answerDeadLetters(w, limits, after, int(limit))
			return
		}
	}
	h.writeProblem(w, wrong)
}

func (h *Handler) answerDeadLetters(w http.ResponseWriter, limits Limits, after uint64, limit int) {
	letters, more, err := h.buffer.ListDeadLetters(after, limit)
	if err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	room := h.lease(limits)
	defer room.end()
	if !room.grow(int64(len(letters)) * recordBytes) {
		p := h.overloaded()
		p.detail = "there is no room for the answer now; ask again, or for fewer with limit="
		h.writeProblem(w, p)
		return
	}
	answer := struct {
		DeadLetters []deadLetterAnswer `json:"deadLetters"`
		Next        *string            `json:"next"` // null for no more
	}{DeadLetters: []deadLetterAnswer{}}
	for i := range letters {
		answer.DeadLetters = append(answer.DeadLetters, answerDeadLetter(&letters[i]))
	}
	if more {
		answer.Next = &answer.DeadLetters[len(letters)-1].ID
	}
	h.writeJSON(w, http.StatusOK, answer)
}

// readDeadLetter serves GET /v1/dead-letters/{id}.
func (h *Handler) readDeadLetter(w http.ResponseWriter, id uint64) {
	letter, err := h.buffer.DeadLetter(id)
	if err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	h.writeJSON(w, http.StatusOK, answerDeadLetter(&letter))
}

// deleteDeadLetter serves DELETE /v1/dead-letters/{id}.
func (h *Handler) deleteDeadLetter(w http.ResponseWriter, id uint64) {
	if err := h.buffer.DeleteDeadLetter(id); err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	h.state.RecordsChanged()
	w.WriteHeader(http.StatusNoContent)
}

// replayDeadLetter serves POST /v1/dead-letters/{id}/replay.
func (h *Handler) replayDeadLetter(w http.ResponseWriter, id uint64) {
	if err := h.buffer.ReplayDeadLetter(id); err != nil {
		h.refuseDeadLetter(w, err)
		return
	}
	h.answerReplay(w, replayed{Replayed: 1})
}

// replayed is what came of a replay of several.
type replayed struct {
	Replayed int64      `json:"replayed"`
	Failed   int64      `json:"failed"` // those that stay for a reason of their own
	More     bool       `json:"more"`   // whether some were left for another call
	Sync     syncAnswer `json:"sync"`
}

// replayDeadLetters serves POST /v1/dead-letters/replay[?sqlState=].
func (h *Handler) replayDeadLetters(w http.ResponseWriter, r *http.Request, _ Limits) {
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
		done = replayed{Replayed: count.Load(), Failed: failed.Load(), More: more}
		late := ctx.Err() != nil || progress.InstantOf(time.Now())-began > progress.Instant(maxReplayTime.Microseconds())
		if !more || late {
			return done, nil
		}
	}
}

func (h *Handler) answerReplay(w http.ResponseWriter, done replayed) {
	h.state.RecordsChanged()
	done.Sync = answerSync(h.state.SyncState(), false)
	h.writeJSON(w, http.StatusOK, done)
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

// deadLetterAnswer is a dead letter as JSON.
type deadLetterAnswer struct {
	ID             string       `json:"id"` // only the sidecar counts with it
	Reason         string       `json:"reason"`
	SQLState       string       `json:"sqlState,omitempty"`
	Constraint     string       `json:"constraint,omitempty"`
	Times          uint64       `json:"times"`
	FirstRefusedAt *time.Time   `json:"firstRefusedAt,omitempty"`
	LastRefusedAt  *time.Time   `json:"lastRefusedAt,omitempty"`
	Record         recordAnswer `json:"record"`
}

func answerDeadLetter(dl *buffer.DeadLetter) deadLetterAnswer {
	reason := "refused"
	if dl.Reason.SQLState == "" {
		reason = "not_written"
	}
	return deadLetterAnswer{
		ID: strconv.FormatUint(dl.ID, 10), Reason: reason, SQLState: dl.Reason.SQLState, Constraint: dl.Reason.Constraint,
		Times: dl.Times, FirstRefusedAt: timeOf(dl.First), LastRefusedAt: timeOf(dl.Last),
		Record: recordAnswer{&dl.Record, dl.Record.Accepted()},
	}
}
