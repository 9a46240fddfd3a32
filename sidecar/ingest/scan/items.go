package scan

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// Form is what the items of a body are.
type Form int

const (
	FormUpdate   Form = iota // updates
	FormComplete             // completions, each of a lesson or of several
)

// Errors of a whole body; nothing of it is used.
var (
	ErrEmpty    = errors.New("the body is empty")
	ErrNotItems = errors.New("the body must be a JSON object, or an array of objects")
)

// TooManyError is a body with more items than allowed.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("the body has more than %d items", e.Limit)
}

// Ask is what a body is taken for.
type Ask struct {
	Form Form
	// User is whose updates they are, empty if they say so themselves.
	User     string
	MaxItems int
	Received progress.Instant // now
}

// Items is a body: the updates of its good items and the mistakes of the others.
// It is reused.
type Items struct {
	Updates  []progress.Update
	Origins  []int // for each update, the index of its item
	Mistakes Mistakes
	Count    int  // the items, good and bad
	Single   bool // the body is one object that stands for one update
	Foreign  bool // an item names another user than that of Ask

	ask        Ask
	asked      int // the updates that the items ask for, good and bad
	layout     *Layout
	members    []value
	scratch    []byte
	ends       []int
	pairs      [][2]float64
	completion progress.Update // what the lessons of an item have in common
}

// Reset forgets a body, so that another one can be read.
func (q *Items) Reset(ask Ask) {
	clear(q.Updates) // let go of the strings
	q.completion = progress.Update{}
	q.Mistakes.reset()
	q.ask = ask
	q.Count, q.asked, q.Single, q.Foreign = 0, 0, false, false
	q.Updates, q.Origins = q.Updates[:0], q.Origins[:0]
}

// IsSmall reports whether what is kept for the next body is worth keeping.
func (q *Items) IsSmall() bool {
	const (
		maxBytes = 64 << 10
		maxItems = 256
	)
	return cap(q.Updates) <= maxItems && cap(q.scratch) <= maxBytes
}

// JSON reads one object or an array of them. Its error is *SyntaxError,
// *TooManyError, ErrEmpty or ErrNotItems.
func (q *Items) JSON(body []byte) error {
	s := scanner{data: body}
	var err *SyntaxError
	switch s.space() {
	case 0:
		if s.pos >= len(s.data) {
			return ErrEmpty
		}
		return s.fail("expected a JSON value")
	case '{':
		q.Single = true
		err = q.item(&s, 0)
	case '[':
		err = s.array(0, func() *SyntaxError { return q.item(&s, 1) })
	default:
		if _, err = s.value(0); err == nil {
			if err = s.end(); err == nil {
				return ErrNotItems
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

// Lines reads one object a line (NDJSON). A line that is not JSON is a
// mistake of that line. Its error is *TooManyError or ErrEmpty.
func (q *Items) Lines(body []byte) error {
	for number := 1; len(body) > 0; number++ {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		body = rest
		s := scanner{data: line}
		if s.space(); s.pos >= len(s.data) {
			continue
		}
		updates, mistakes, items, asked := len(q.Updates), q.Mistakes, q.Count, q.asked
		err := q.item(&s, 0)
		if err == nil {
			err = s.end()
		}
		if err != nil {
			q.Updates, q.Origins, q.Mistakes = q.Updates[:updates], q.Origins[:updates], mistakes
			q.Count, q.asked = items+1, asked+1
			if q.Mistakes.note(items, http.StatusBadRequest) {
				q.Mistakes.Listed = append(q.Mistakes.Listed, Mistake{
					Index: items, Status: http.StatusBadRequest,
					Detail: fmt.Sprintf("line %d is not valid JSON: %s", number, err.Error()),
				})
			}
		}
		if err := q.checkCount(); err != nil {
			return err
		}
	}
	if q.Count == 0 {
		return ErrEmpty
	}
	return nil
}

func (q *Items) checkCount() error {
	if q.asked > q.ask.MaxItems {
		return &TooManyError{Limit: q.ask.MaxItems}
	}
	return nil
}

// item scans one element of the body and adds its update, or its mistakes.
func (q *Items) item(s *scanner, depth int) *SyntaxError {
	index := q.Count
	q.Count, q.asked = q.Count+1, q.asked+1
	excess := q.asked > q.ask.MaxItems // only the syntax matters then
	if s.space() != '{' {
		v, err := s.value(depth)
		if err == nil && !excess {
			q.Mistakes.Add(Mistake{
				Index: index, Status: StatusInvalid,
				Detail: "an item must be a JSON object, not " + v.kind.String(),
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
		data: s.data, Layout: q.layout, members: q.members, ask: &q.ask, index: index,
		mistakes: &q.Mistakes, scratch: q.scratch, ends: q.ends, pairs: q.pairs,
	}
	if q.ask.Form == FormComplete {
		q.complete(&r)
	} else {
		q.update(&r)
	}
	q.scratch, q.ends, q.pairs = r.scratch, r.ends, r.pairs
	q.Foreign = q.Foreign || r.foreign
	return nil
}

func (q *Items) update(r *reader) {
	mistakes := q.Mistakes.Count
	q.Updates = append(q.Updates, progress.Update{})
	r.update(&q.Updates[len(q.Updates)-1])
	if q.Mistakes.Count > mistakes {
		q.Updates = q.Updates[:len(q.Updates)-1]
		return
	}
	q.Origins = append(q.Origins, r.index)
}

// complete adds the completion of one lesson, or of each of lessonIds.
func (q *Items) complete(r *reader) {
	mistakes, updates := q.Mistakes.Count, len(q.Updates)
	u := &q.completion
	*u = progress.Update{Completed: true}
	many := r.has(r.lessonIDs)
	r.readTexts(u, !many)
	r.readTimes(u)
	add := func(lesson string) {
		u.LessonID = lesson
		q.Updates, q.Origins = append(q.Updates, *u), append(q.Origins, r.index)
	}
	switch {
	case !many:
		add(u.LessonID)
	case r.has(r.lesson):
		r.fail(r.lessonIDs, "can't be combined with lessonId: send one of them")
	case r.has(r.event):
		r.fail(r.event, "can't be combined with lessonIds, since each update has an id of its own: send an array of items")
	default:
		q.Single = false
		q.asked-- // an item without lessons is one, too
		n := r.lessons(q.ask.MaxItems-q.asked, add)
		q.asked += max(1, n)
	}
	if q.Mistakes.Count > mistakes {
		q.Updates, q.Origins = q.Updates[:updates], q.Origins[:updates]
	}
}
