package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const statusInvalid = http.StatusUnprocessableEntity

// form is what the items of a body are.
type form int

const (
	formUpdate   form = iota // POST /v1/progress
	formComplete             // POST /v1/progress/complete
)

// Errors of a whole body; nothing of it is used.
var (
	errEmpty    = errors.New("the body is empty")
	errNotItems = errors.New("the body must be a JSON object, or an array of objects")
)

// tooManyError is a body with more items than allowed.
type tooManyError struct{ limit int }

func (e *tooManyError) Error() string {
	return fmt.Sprintf("the body has more than %d items", e.limit)
}

// request is a decoded body: the updates of its good items and the mistakes of
// the others. It is reused.
type request struct {
	form     form
	user     string // whose updates they are, "" if they say so themselves
	maxItems int

	updates []progress.Update
	origins []int // for each update, the index of its item
	errors  []itemError
	items   int  // good and bad
	single  bool // the body is one object that stands for one update
	foreign bool // an item names another user

	fields  members
	scratch []byte
}

func (q *request) reset(f form, user string, maxItems int) {
	clear(q.updates) // let go of the strings
	clear(q.errors)
	q.form, q.user, q.maxItems, q.items, q.single, q.foreign = f, user, maxItems, 0, false, false
	q.updates, q.origins, q.errors = q.updates[:0], q.origins[:0], q.errors[:0]
}

// decodeJSON reads one object or an array of them. Its error is *syntaxError,
// *tooManyError, errEmpty or errNotItems.
func (q *request) decodeJSON(body []byte) error {
	s := scanner{data: body}
	var err *syntaxError
	switch s.space() {
	case 0:
		if s.pos >= len(s.data) {
			return errEmpty
		}
		return s.fail("expected a JSON value")
	case '{':
		q.single = true
		err = q.item(&s, 0)
	case '[':
		err = s.array(0, func() *syntaxError { return q.item(&s, 1) })
	default:
		if _, err = s.value(0); err == nil {
			if err = s.end(); err == nil {
				return errNotItems
			}
		}
	}
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return err
	}
	return q.checkCount()
}

// decodeLines reads one object a line (NDJSON). A line that is not JSON is a
// mistake of that line. Its error is *tooManyError or errEmpty.
func (q *request) decodeLines(body []byte) error {
	for number := 1; len(body) > 0; number++ {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		body = rest
		s := scanner{data: line}
		if s.space(); s.pos >= len(s.data) {
			continue
		}
		updates, mistakes, items := len(q.updates), len(q.errors), q.items
		err := q.item(&s, 0)
		if err == nil {
			err = s.end()
		}
		if err != nil {
			q.updates, q.origins, q.errors = q.updates[:updates], q.origins[:updates], q.errors[:mistakes]
			q.items = items + 1
			q.errors = append(q.errors, itemError{
				index: items, status: http.StatusBadRequest,
				detail: fmt.Sprintf("line %d is not valid JSON: %s", number, err.Error()),
			})
		}
		if err := q.checkCount(); err != nil {
			return err
		}
	}
	if q.items == 0 {
		return errEmpty
	}
	return nil
}

func (q *request) checkCount() error {
	if q.items > q.maxItems || len(q.updates) > q.maxItems {
		return &tooManyError{limit: q.maxItems}
	}
	return nil
}

// item scans one element of the body and adds its update, or its mistakes.
func (q *request) item(s *scanner, depth int) *syntaxError {
	index := q.items
	q.items++
	excess := index >= q.maxItems // only the syntax matters then
	if s.space() != '{' {
		v, err := s.value(depth)
		if err == nil && !excess {
			q.errors = append(q.errors, itemError{
				index: index, status: statusInvalid,
				detail: "an item must be a JSON object, not " + v.kind.String(),
			})
		}
		return err
	}
	q.fields = members{}
	err := s.object(depth, func(name, v value) {
		raw := s.data[name.start:name.end]
		if name.escaped {
			q.scratch = appendUnescaped(q.scratch[:0], raw)
			raw = q.scratch
		}
		if f := fieldOf(raw); f != fieldUnknown {
			q.fields[f] = v
		}
	})
	if err != nil || excess {
		return err
	}
	r := reader{data: s.data, fields: &q.fields, user: q.user, index: index, errors: &q.errors, scratch: q.scratch}
	if q.form == formComplete {
		q.complete(&r)
	} else {
		q.update(&r)
	}
	q.scratch = r.scratch
	q.foreign = q.foreign || r.foreign
	return nil
}

func (q *request) update(r *reader) {
	mistakes := len(q.errors)
	q.updates = append(q.updates, progress.Update{})
	r.update(&q.updates[len(q.updates)-1])
	if len(q.errors) > mistakes {
		q.updates = q.updates[:len(q.updates)-1]
		return
	}
	q.origins = append(q.origins, r.index)
}

// complete adds the completion of one lesson, or of each of lessonIds.
func (q *request) complete(r *reader) {
	mistakes, updates := len(q.errors), len(q.updates)
	var u progress.Update
	many := r.fields.has(fieldLessonIDs)
	r.texts(&u, !many)
	u.OccurredAt = r.instant(fieldOccurredAt)
	u.Completed = true
	add := func(lesson string) {
		if len(q.updates) > q.maxItems {
			return
		}
		u.LessonID = lesson
		q.updates, q.origins = append(q.updates, u), append(q.origins, r.index)
	}
	switch {
	case !many:
		add(u.LessonID)
	case r.fields.has(fieldLessonID):
		r.fail(fieldLessonIDs, "can't be combined with lessonId: send one of them")
	case r.fields.has(fieldEventID):
		r.fail(fieldEventID, "can't be combined with lessonIds, since each update has an id of its own: send an array of items")
	default:
		q.single = false
		r.lessonIDs(add)
	}
	if len(q.errors) > mistakes {
		q.updates, q.origins = q.updates[:updates], q.origins[:updates]
	}
}
