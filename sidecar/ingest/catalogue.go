package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/progress-sync/progress-sync/sidecar/ingest/scan"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

// catalogueAnswer is the catalogue of a course.
type catalogueAnswer struct {
	CourseID string         `json:"courseId"`
	Lessons  []stats.Lesson `json:"lessons"`
}

// catalogueChange says what a PUT did.
type catalogueChange struct {
	CourseID string `json:"courseId"`
	Lessons  int    `json:"lessons"`
	// Changed counts lessons that were added, removed or changed.
	Changed int64 `json:"changed"`
}

// readCatalogue serves GET /v1/courses/{courseId}.
func (h *Handler) readCatalogue(w http.ResponseWriter, r *http.Request, limits Limits) {
	id, wrong := courseOf(r)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	lessons, err := h.statistics.Catalogue(r.Context(), id)
	room := h.lease(limits)
	defer room.end()
	switch {
	case err != nil:
		h.writeProblem(w, h.noStatistics(postgres.Classify(err).Message))
	case len(lessons) == 0:
		h.writeProblem(w, &problem{
			status: http.StatusNotFound, kind: "not-found", title: "Not found",
			detail: "the course has no catalogue: PUT its lessons to this address",
		})
	case !room.grow(int64(len(lessons)) * courseLessonBytes):
		h.writeProblem(w, h.overloaded())
	default:
		h.writeJSON(w, http.StatusOK, catalogueAnswer{CourseID: id, Lessons: lessons})
	}
}

// putCatalogue serves PUT /v1/courses/{courseId}: what it says replaces all that was
// said before. Unlike an update it is not kept for a database that is away.
func (h *Handler) putCatalogue(w http.ResponseWriter, r *http.Request, limits Limits) {
	id, wrong := courseOf(r)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	buf := h.pools.getBuffer()
	defer h.pools.putBuffer(buf)
	room := h.lease(limits)
	defer room.end()
	sent, refused := h.receive(r, buf, limits, &room)
	if refused == nil && sent.media != mediaJSON {
		refused = unsupportedMedia(r)
	}
	if refused == nil {
		refused = h.unpack(sent.coding, buf, limits, &room)
	}
	if refused != nil {
		h.writeProblem(w, &refused.problem)
		return
	}
	// What a body becomes takes about as much again as the body twice.
	if !room.grow(room.taken + 2*int64(len(*buf))) {
		h.writeProblem(w, h.overloaded())
		return
	}
	lessons, wrong := decodeCatalogue(*buf)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	h.changeCatalogue(w, r, limits, id, lessons)
}

// deleteCatalogue serves DELETE /v1/courses/{courseId}.
func (h *Handler) deleteCatalogue(w http.ResponseWriter, r *http.Request, limits Limits) {
	id, wrong := courseOf(r)
	if wrong != nil {
		h.writeProblem(w, wrong)
		return
	}
	h.changeCatalogue(w, r, limits, id, nil)
}

func (h *Handler) changeCatalogue(w http.ResponseWriter, r *http.Request, limits Limits, id string, lessons []stats.Lesson) {
	if !h.syncs.enter(limits.maxSyncs()) {
		h.writeProblem(w, h.overloaded())
		return
	}
	defer h.syncs.leave()
	ctx, cancel := context.WithTimeout(r.Context(), reportWait)
	defer cancel()
	changed, err := h.statistics.PutCatalogue(ctx, id, lessons)
	if err != nil {
		p := h.noStatistics("the catalogue is as it was: " + postgres.Classify(err).Message + " Then send it again")
		h.writeProblem(w, p)
		return
	}
	h.writeJSON(w, http.StatusOK, catalogueChange{CourseID: id, Lessons: len(lessons), Changed: changed})
}

// decodeCatalogue reads the lessons of a course. What is not known is a mistake here:
// a weight that is misspelt would give a wrong percentage that nobody doubts.
func decodeCatalogue(body []byte) ([]stats.Lesson, *problem) {
	var list struct {
		Lessons *[]json.RawMessage `json:"lessons"`
	}
	if err := strictly(body, &list); err != nil {
		return nil, malformedCatalogue(body, err)
	}
	if list.Lessons == nil || len(*list.Lessons) == 0 {
		return nil, invalidCatalogue([]scan.Mistake{{Status: scan.StatusInvalid, Field: "lessons",
			Detail: "lessons must name at least one lesson; to have none, DELETE the course's catalogue"}}, 0)
	}
	if n := len(*list.Lessons); n > stats.MaxLessons {
		return nil, &tooLarge(fmt.Sprintf("the course has %d lessons, and not up to %d", n, stats.MaxLessons)).problem
	}
	lessons := make([]stats.Lesson, 0, len(*list.Lessons))
	known := make(map[string]int, len(*list.Lessons))
	var mistakes []scan.Mistake
	more := 0
	for i, raw := range *list.Lessons {
		l := stats.Lesson{Weight: 1, Required: true}
		field, wrong := readLesson(raw, &l)
		if first, again := known[l.LessonID]; again && wrong == "" {
			field, wrong = "lessonId", fmt.Sprintf("is that of lesson %d, too: name each lesson once", first)
		}
		known[l.LessonID] = i
		if wrong != "" && len(mistakes) < maxCatalogueMistakes {
			mistakes = append(mistakes, scan.Mistake{Index: i, Status: scan.StatusInvalid, Field: field, Detail: strings.TrimSpace(field + " " + wrong)})
		} else if wrong != "" {
			more++
		}
		lessons = append(lessons, l)
	}
	if len(mistakes) > 0 {
		return nil, invalidCatalogue(mistakes, more)
	}
	return lessons, nil
}

const maxCatalogueMistakes = 100

// readLesson says which field is wrong and why, nothing if none is.
func readLesson(raw json.RawMessage, l *stats.Lesson) (field, wrong string) {
	err := strictly(raw, l)
	kind, isKind := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case isKind && kind.Field == "weight":
		return "weight", weightRange
	case isKind && kind.Field == "required":
		return "required", "must be true or false"
	case isKind && kind.Field == "lessonId":
		return "lessonId", "must be a string"
	case isKind:
		return "", "a lesson must be an object with lessonId, weight and required"
	case err != nil: // an unknown member
		return "", "a lesson has lessonId, weight and required, and nothing else"
	}
	if wrong := scan.CheckText([]byte(l.LessonID)); wrong != "" {
		return "lessonId", wrong
	}
	if l.Weight < 1 || l.Weight > stats.MaxWeight {
		return "weight", weightRange
	}
	return "", ""
}

const weightRange = "must be a whole number from 1 to 1000000"

func strictly(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more behind it")
	}
	return nil
}

func malformedCatalogue(body []byte, err error) *problem {
	detail := `the body must be an object such as {"lessons":[{"lessonId":"intro","weight":2,"required":true}]} and have nothing else`
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, column := position(body, int(syntax.Offset))
		detail = fmt.Sprintf("the body is not valid JSON: %v (line %d, column %d)", err, line, column)
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		line, column := position(body, len(body))
		detail = fmt.Sprintf("the body is not valid JSON: it ends too early (line %d, column %d)", line, column)
	}
	return &problem{status: http.StatusBadRequest, kind: "malformed", title: "Malformed body", detail: detail + "; nothing was kept"}
}

func invalidCatalogue(mistakes []scan.Mistake, more int) *problem {
	return &problem{
		status: scan.StatusInvalid, kind: "invalid", title: "Invalid catalogue",
		detail: mistakes[0].Detail + "; nothing was kept", errors: mistakes, more: more,
	}
}
