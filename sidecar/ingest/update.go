package ingest

import (
	"fmt"
	"math"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// members holds the spans of an object's known fields, the last one of each
// name. A null is as good as absent.
type members [fieldCount]value

func (m *members) has(f field) bool { return m[f].kind > kindNull }

// reader turns the members of one object into an update, and notes what is
// wrong with them.
type reader struct {
	data     []byte
	fields   *members
	user     string // whose update it must be, "" for anyone's
	foreign  bool   // it is another's
	index    int
	received progress.Instant
	mistakes *mistakes
	scratch  []byte
}

func (r *reader) fail(f field, detail string) {
	r.failAs(f.String(), detail)
}

func (r *reader) failAs(name, detail string) {
	if r.mistakes.note(r.index, statusInvalid) {
		r.mistakes.listed = append(r.mistakes.listed, itemError{index: r.index, status: statusInvalid, field: name, detail: name + " " + detail})
	}
}

func (r *reader) raw(f field) []byte { return r.data[r.fields[f].start:r.fields[f].end] }

// texts reads the ids of an update into one string that they share, and
// nothing else of the request, since the buffer keeps them.
func (r *reader) texts(u *progress.Update, needLesson bool) {
	var ends [fieldEventID + 1]int
	r.scratch = r.scratch[:0]
	for f := fieldUserID; f <= fieldEventID; f++ {
		start := len(r.scratch)
		required := f <= fieldCourseID || f == fieldLessonID && needLesson
		switch v := r.fields[f]; {
		case v.kind <= kindNull:
			if f == fieldUserID && r.user != "" {
				r.scratch = append(r.scratch, r.user...)
			} else if required {
				r.fail(f, "is missing: it is required, a string of 1 to 255 characters")
			}
		case v.kind != kindString:
			r.fail(f, "must be a string of 1 to 255 characters, not "+v.kind.String())
		default:
			if v.escaped {
				r.scratch = appendUnescaped(r.scratch, r.raw(f))
			} else {
				r.scratch = append(r.scratch, r.raw(f)...)
			}
			text := r.scratch[start:]
			if len(text) == 0 && !required {
				break
			}
			if wrong := checkText(text); wrong != "" {
				r.fail(f, wrong)
			} else if f == fieldUserID && r.user != "" && string(text) != r.user {
				r.foreign = true
			}
		}
		ends[f] = len(r.scratch)
	}
	all := string(r.scratch)
	u.UserID = all[:ends[fieldUserID]]
	u.CourseID = all[ends[fieldUserID]:ends[fieldCourseID]]
	u.LessonID = all[ends[fieldCourseID]:ends[fieldLessonID]]
	u.ModuleID = all[ends[fieldLessonID]:ends[fieldModuleID]]
	u.EventID = all[ends[fieldModuleID]:ends[fieldEventID]]
}

// update reads a whole update.
func (r *reader) update(u *progress.Update) {
	r.texts(u, true)
	u.CurrentTime = r.number(fieldCurrentTime)
	u.Duration = r.number(fieldDuration)
	u.Percentage = r.number(fieldPercentage)
	u.WatchedDuration = r.number(fieldWatchedDuration)
	u.WatchedDelta = r.number(fieldWatchedDelta)
	u.SeekEvents = r.count(fieldSeekEvents)
	u.PauseEvents = r.count(fieldPauseEvents)
	u.PlaybackSpeed = r.number(fieldPlaybackSpeed)
	if u.PlaybackSpeed.Set && u.PlaybackSpeed.Value == 0 {
		r.fail(fieldPlaybackSpeed, "must be "+spanOf(fieldPlaybackSpeed).allowed)
	}
	u.Completed = r.boolean(fieldCompleted)
	u.OccurredAt, u.SentAt = r.instant(fieldOccurredAt), r.instant(fieldSentAt)
}

func (r *reader) number(f field) progress.Number {
	if !r.fields.has(f) {
		return progress.Number{}
	}
	span := spanOf(f)
	if r.fields[f].kind != kindNumber {
		r.failNumber(f, span.allowed)
		return progress.Number{}
	}
	n, ok := span.take(parseNumber(r.raw(f)))
	if !ok {
		r.fail(f, "must be "+span.allowed)
		return progress.Number{}
	}
	return progress.Some(n)
}

// failNumber says that f is no number, and what to do if it is a word for one.
func (r *reader) failNumber(f field, allowed string) {
	if r.fields[f].kind == kindString {
		switch string(r.raw(f)) {
		case "NaN", "Infinity", "-Infinity", "+Infinity", "inf", "nan":
			r.fail(f, "must be "+allowed+", not NaN or Infinity: leave the field out or send null while it is unknown")
			return
		}
	}
	r.fail(f, "must be "+allowed+", not "+r.fields[f].kind.String())
}

// count reads a number of events. What is a hundredth off a whole number was
// added up in floating point.
func (r *reader) count(f field) int64 {
	n := r.number(f).Value
	whole := math.Round(n)
	if math.Abs(n-whole) > rounding {
		r.fail(f, "must be "+spanOf(f).allowed)
		return 0
	}
	return int64(whole)
}

func (r *reader) boolean(f field) bool {
	if !r.fields.has(f) {
		return false
	}
	if r.fields[f].kind != kindBool {
		r.fail(f, "must be true or false, not "+r.fields[f].kind.String())
		return false
	}
	return r.raw(f)[0] == 't'
}

// lessonIDs reads the array of a completion of several lessons, which was scanned
// without error before, and returns how many there are. It reads none after the
// first that is beyond limit: a lesson is counted before it is judged.
func (r *reader) lessonIDs(limit int, each func(lesson string)) (n int) {
	const allowed = "must be an array of one or more strings of 1 to 255 characters"
	if r.fields[fieldLessonIDs].kind != kindArray {
		r.fail(fieldLessonIDs, allowed+", not "+r.fields[fieldLessonIDs].kind.String())
		return 0
	}
	s := scanner{data: r.data, pos: r.fields[fieldLessonIDs].start}
	_ = s.array(0, func() *syntaxError {
		if n++; n > limit {
			return &syntaxError{pos: s.pos, what: "enough"}
		}
		v, err := s.value(1)
		if err != nil {
			return err
		}
		wrong := "must be a string of 1 to 255 characters, not " + v.kind.String()
		if v.kind == kindString {
			r.scratch = appendUnescaped(r.scratch[:0], r.data[v.start:v.end])
			wrong = checkText(r.scratch)
		}
		if wrong == "" {
			each(string(r.scratch))
		} else if r.mistakes.note(r.index, statusInvalid) {
			name := fmt.Sprintf("lessonIds[%d]", n-1)
			r.mistakes.listed = append(r.mistakes.listed, itemError{index: r.index, status: statusInvalid, field: name, detail: name + " " + wrong})
		}
		return nil
	})
	if n == 0 {
		r.fail(fieldLessonIDs, allowed)
	}
	return n
}
