package scan

import (
	"fmt"
	"math"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// reader turns the members of one object into an update, and notes what is
// wrong with them.
type reader struct {
	data []byte
	*Layout
	// members are the values of the layout's fields, the last one of each name.
	members  []value
	ask      *Ask
	foreign  bool // it is of another user than that of ask
	index    int
	mistakes *Mistakes
	scratch  []byte
	ends     []int // of the texts in scratch
	pairs    [][2]float64
}

// has is false for null, which is as good as absent.
func (r *reader) has(f field) bool { return r.members[f].kind > kindNull }

func (r *reader) fail(f field, detail string) {
	r.failAs(r.inputs[f].Name, detail)
}

func (r *reader) failAs(name, detail string) {
	if r.mistakes.note(r.index, StatusInvalid) {
		r.mistakes.Listed = append(r.mistakes.Listed, Mistake{Index: r.index, Status: StatusInvalid, Field: name, Detail: name + " " + detail})
	}
}

func (r *reader) raw(f field) []byte { return r.data[r.members[f].start:r.members[f].end] }

// readTexts reads the ids of an update into one string that they share, and
// nothing else of the request, since the buffer keeps them.
func (r *reader) readTexts(u *progress.Update, needLesson bool) {
	r.scratch, r.ends = r.scratch[:0], r.ends[:0]
	for _, f := range r.texts {
		r.text(f, r.inputs[f].Required && (f != r.lesson || needLesson))
		r.ends = append(r.ends, len(r.scratch))
	}
	all, start := string(r.scratch), 0
	for i, f := range r.texts {
		if end := r.ends[i]; end > start {
			*r.inputs[f].Text(u) = all[start:end]
			start = end
		}
	}
}

// text appends an id.
func (r *reader) text(f field, required bool) {
	v := r.members[f]
	switch {
	case v.kind <= kindNull:
		if f == r.user && r.ask.User != "" {
			r.scratch = append(r.scratch, r.ask.User...)
		} else if required {
			r.fail(f, "is missing: it is required, a string of 1 to 255 characters")
		}
		return
	case v.kind != kindString:
		r.fail(f, "must be a string of 1 to 255 characters, not "+v.kind.String())
		return
	}
	start := len(r.scratch)
	if v.escaped {
		r.scratch = appendUnescaped(r.scratch, r.raw(f))
	} else {
		r.scratch = append(r.scratch, r.raw(f)...)
	}
	text := r.scratch[start:]
	if len(text) == 0 && !required {
		return
	}
	if wrong := CheckText(text); wrong != "" {
		r.fail(f, wrong)
	} else if f == r.user && r.ask.User != "" && string(text) != r.ask.User {
		r.foreign = true
	}
}

// update reads a whole update into an empty one.
func (r *reader) update(u *progress.Update) {
	r.readTexts(u, true)
	for _, f := range r.numbers {
		if r.has(f) {
			*r.inputs[f].Number(u) = r.number(f)
		}
	}
	for _, f := range r.counts {
		if r.has(f) {
			*r.inputs[f].Integer(u) = r.count(f)
		}
	}
	for _, f := range r.flags {
		if r.has(f) {
			*r.inputs[f].Flag(u) = r.boolean(f)
		}
	}
	for _, f := range r.segments {
		if r.has(f) {
			*r.inputs[f].Segments(u) = r.watched(f, u.Duration.Value)
		}
	}
	r.readTimes(u)
}

func (r *reader) readTimes(u *progress.Update) {
	for _, f := range r.times {
		if r.has(f) {
			*r.inputs[f].Instant(u) = r.instant(f)
		}
	}
}

func (r *reader) number(f field) progress.Number {
	span := &r.inputs[f].Range
	if r.members[f].kind != kindNumber {
		r.failNumber(f, span.Allowed)
		return progress.Number{}
	}
	n, ok := span.Take(parseNumber(r.raw(f)))
	if !ok {
		r.fail(f, "must be "+span.Allowed)
		return progress.Number{}
	}
	return progress.Some(n)
}

// failNumber says that f is no number, and what to do if it is a word for one.
func (r *reader) failNumber(f field, allowed string) {
	if r.members[f].kind == kindString {
		switch string(r.raw(f)) {
		case "NaN", "Infinity", "-Infinity", "+Infinity", "inf", "nan":
			r.fail(f, "must be "+allowed+", not NaN or Infinity: leave the field out or send null while it is unknown")
			return
		}
	}
	r.fail(f, "must be "+allowed+", not "+r.members[f].kind.String())
}

// count reads a number of events. What is a hundredth off a whole number was
// added up in floating point.
func (r *reader) count(f field) int64 {
	n := r.number(f).Value
	whole := math.Round(n)
	if math.Abs(n-whole) > progress.Rounding {
		r.fail(f, "must be "+r.inputs[f].Range.Allowed)
		return 0
	}
	return int64(whole)
}

func (r *reader) boolean(f field) bool {
	if r.members[f].kind != kindBool {
		r.fail(f, "must be true or false, not "+r.members[f].kind.String())
		return false
	}
	return r.raw(f)[0] == 't'
}

// lessons reads the array of a completion of several lessons, which was scanned
// without error before, and returns how many there are. It reads none after the
// first that is beyond limit: a lesson is counted before it is judged.
func (r *reader) lessons(limit int, each func(lesson string)) (n int) {
	const allowed = "must be an array of one or more strings of 1 to 255 characters"
	if r.members[r.lessonIDs].kind != kindArray {
		r.fail(r.lessonIDs, allowed+", not "+r.members[r.lessonIDs].kind.String())
		return 0
	}
	s := scanner{data: r.data, pos: r.members[r.lessonIDs].start}
	_ = s.array(0, func() *SyntaxError {
		if n++; n > limit {
			return &SyntaxError{Pos: s.pos, what: "enough"}
		}
		v, err := s.value(1)
		if err != nil {
			return err
		}
		wrong := "must be a string of 1 to 255 characters, not " + v.kind.String()
		if v.kind == kindString {
			r.scratch = appendUnescaped(r.scratch[:0], r.data[v.start:v.end])
			wrong = CheckText(r.scratch)
		}
		if wrong == "" {
			each(string(r.scratch))
		} else if r.mistakes.note(r.index, StatusInvalid) {
			name := fmt.Sprintf("lessonIds[%d]", n-1)
			r.mistakes.Listed = append(r.mistakes.Listed, Mistake{Index: r.index, Status: StatusInvalid, Field: name, Detail: name + " " + wrong})
		}
		return nil
	})
	if n == 0 {
		r.fail(r.lessonIDs, allowed)
	}
	return n
}
