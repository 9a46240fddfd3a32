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
	received progress.Instant // now

	updates  []progress.Update
	origins  []int // for each update, the index of its item
	mistakes mistakes
	items    int  // good and bad
	asked    int  // the updates that the items ask for, good and bad
	single   bool // the body is one object that stands for one update
	foreign  bool // an item names another user

	layout     *layout
	members    []value
	scratch    []byte
	ends       []int
	completion progress.Update // what the lessons of an item have in common
}

func newRequest(l *layout) *request {
	return &request{layout: l, members: make([]value, len(l.inputs))}
}

func (q *request) reset(f form, user string, maxItems int, received progress.Instant) {
	clear(q.updates) // let go of the strings
	q.mistakes.reset()
	q.form, q.user, q.maxItems, q.received = f, user, maxItems, received
	q.items, q.asked, q.single, q.foreign = 0, 0, false, false
	q.updates, q.origins = q.updates[:0], q.origins[:0]
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
		updates, mistakes, items, asked := len(q.updates), q.mistakes, q.items, q.asked
		err := q.item(&s, 0)
		if err == nil {
			err = s.end()
		}
		if err != nil {
			q.updates, q.origins, q.mistakes = q.updates[:updates], q.origins[:updates], mistakes
			q.items, q.asked = items+1, asked+1
			if q.mistakes.note(items, http.StatusBadRequest) {
				q.mistakes.listed = append(q.mistakes.listed, itemError{
					index: items, status: http.StatusBadRequest,
					detail: fmt.Sprintf("line %d is not valid JSON: %s", number, err.Error()),
				})
			}
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

// answerBytes is about what the updates' records take in an answer, beyond the
// body's own size. A single one is not worth counting.
func (q *request) answerBytes() (n int64) {
	if len(q.updates) < 2 {
		return 0
	}
	for i := range q.updates {
		u := &q.updates[i]
		n += recordBytes + int64(len(u.UserID)+len(u.CourseID)+len(u.LessonID)+len(u.ModuleID))
	}
	return n
}

func (q *request) checkCount() error {
	if q.asked > q.maxItems {
		return &tooManyError{limit: q.maxItems}
	}
	return nil
}

// item scans one element of the body and adds its update, or its mistakes.
func (q *request) item(s *scanner, depth int) *syntaxError {
	index := q.items
	q.items, q.asked = q.items+1, q.asked+1
	excess := q.asked > q.maxItems // only the syntax matters then
	if s.space() != '{' {
		v, err := s.value(depth)
		if err == nil && !excess {
			q.mistakes.add(itemError{
				index: index, status: statusInvalid,
				detail: "an item must be a JSON object, not " + v.kind.String(),
			})
		}
		return err
	}
	clear(q.members)
	err := s.object(depth, func(name, v value) {
		raw := s.data[name.start:name.end]
		if name.escaped {
			q.scratch = appendUnescaped(q.scratch[:0], raw)
			raw = q.scratch
		}
		if f := q.layout.names.of(raw); f != fieldUnknown {
			q.members[f] = v
		}
	})
	if err != nil || excess {
		return err
	}
	r := reader{
		data: s.data, layout: q.layout, members: q.members, user: q.user, index: index, received: q.received,
		mistakes: &q.mistakes, scratch: q.scratch, ends: q.ends,
	}
	if q.form == formComplete {
		q.complete(&r)
	} else {
		q.update(&r)
	}
	q.scratch, q.ends = r.scratch, r.ends
	q.foreign = q.foreign || r.foreign
	return nil
}

func (q *request) update(r *reader) {
	mistakes := q.mistakes.count
	q.updates = append(q.updates, progress.Update{})
	r.update(&q.updates[len(q.updates)-1])
	if q.mistakes.count > mistakes {
		q.updates = q.updates[:len(q.updates)-1]
		return
	}
	q.origins = append(q.origins, r.index)
}

// complete adds the completion of one lesson, or of each of lessonIds.
func (q *request) complete(r *reader) {
	mistakes, updates := q.mistakes.count, len(q.updates)
	u := &q.completion
	*u = progress.Update{Completed: true}
	many := r.has(r.lessonIDs)
	r.readTexts(u, !many)
	r.readTimes(u)
	add := func(lesson string) {
		u.LessonID = lesson
		q.updates, q.origins = append(q.updates, *u), append(q.origins, r.index)
	}
	switch {
	case !many:
		add(u.LessonID)
	case r.has(r.lesson):
		r.fail(r.lessonIDs, "can't be combined with lessonId: send one of them")
	case r.has(r.event):
		r.fail(r.event, "can't be combined with lessonIds, since each update has an id of its own: send an array of items")
	default:
		q.single = false
		q.asked-- // an item without lessons is one, too
		n := r.lessons(q.maxItems-q.asked, add)
		q.asked += max(1, n)
	}
	if q.mistakes.count > mistakes {
		q.updates, q.origins = q.updates[:updates], q.origins[:updates]
	}
}
