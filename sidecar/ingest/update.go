package ingest

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// itemError is a mistake in one item of a request.
type itemError struct {
	index  int // of the item in the request, from 0
	status int // what the request would have got, had it had only this item
	field  string
	detail string
}

// members holds the spans of an object's known fields, the last one of each
// name. A null is as good as absent.
type members [fieldCount]value

func (m *members) has(f field) bool { return m[f].kind > kindNull }

// reader turns the members of one object into an update, and notes what is
// wrong with them.
type reader struct {
	data    []byte
	fields  *members
	user    string // whose update it must be, "" for anyone's
	foreign bool   // it is another's
	index   int
	errors  *[]itemError
	scratch []byte
}

func (r *reader) fail(f field, detail string) {
	*r.errors = append(*r.errors, itemError{index: r.index, status: statusInvalid, field: f.String(), detail: f.String() + " " + detail})
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
	u.CurrentTime = r.number(fieldCurrentTime, maxSeconds, "a number of seconds from 0 to 10000000000")
	u.Duration = r.number(fieldDuration, maxSeconds, "a number of seconds from 0 to 10000000000")
	u.Percentage = r.number(fieldPercentage, maxPercentage, "a number from 0 to 100")
	u.WatchedDuration = r.number(fieldWatchedDuration, maxSeconds, "a number of seconds from 0 to 10000000000")
	u.WatchedDelta = r.number(fieldWatchedDelta, maxDeltaSeconds, "a number of seconds from 0 to 1000000")
	u.SeekEvents = r.count(fieldSeekEvents)
	u.PauseEvents = r.count(fieldPauseEvents)
	u.PlaybackSpeed = r.number(fieldPlaybackSpeed, maxSpeed, "a number above 0 and at most 100")
	if u.PlaybackSpeed.Set && u.PlaybackSpeed.Value == 0 {
		r.fail(fieldPlaybackSpeed, "must be a number above 0 and at most 100")
	}
	u.Completed = r.boolean(fieldCompleted)
	u.OccurredAt = r.instant(fieldOccurredAt)
}

func (r *reader) number(f field, most float64, allowed string) progress.Number {
	if !r.fields.has(f) {
		return progress.Number{}
	}
	if r.fields[f].kind != kindNumber {
		r.failNumber(f, allowed)
		return progress.Number{}
	}
	n := parseNumber(r.raw(f))
	if !(n >= 0 && n <= most) {
		r.fail(f, "must be "+allowed)
		return progress.Number{}
	}
	return progress.Some(n + 0) // -0 becomes 0
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

func (r *reader) count(f field) int64 {
	const allowed = "a whole number from 0 to 1000000, counted since the last update"
	n := r.number(f, maxEvents, allowed)
	if n.Value != math.Trunc(n.Value) {
		r.fail(f, "must be "+allowed)
		return 0
	}
	return int64(n.Value)
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

// instant reads an RFC 3339 string or Unix milliseconds.
func (r *reader) instant(f field) progress.Instant {
	const allowed = `must be a time such as "2026-03-01T09:30:00Z" (RFC 3339, not before 1970) or Unix milliseconds`
	switch r.fields[f].kind {
	case kindNone, kindNull:
		return 0
	case kindNumber:
		ms := parseNumber(r.raw(f))
		if ms >= 0 && ms <= maxUnixMillis {
			return progress.Instant(math.Round(ms * 1000))
		}
	case kindBool, kindObject, kindArray:
	case kindString:
		var at time.Time
		if err := at.UnmarshalText(r.raw(f)); err == nil && at.UnixMicro() >= 0 {
			return progress.Instant(at.UnixMicro())
		}
	}
	r.fail(f, allowed)
	return 0
}

// parseNumber reads a scanned JSON number; one out of range is ±Inf.
func parseNumber(s []byte) float64 {
	// Up to 15 digits and a power of ten up to 22 are exact in a float64, and
	// so their quotient is correctly rounded.
	const maxDigits = 15
	if len(s) <= maxDigits {
		mantissa, decimals, point := uint64(0), 0, false
		for _, c := range s {
			switch {
			case c-'0' <= 9:
				mantissa = mantissa*10 + uint64(c-'0')
				if point {
					decimals++
				}
			case c == '.':
				point = true
			default: // a sign or an exponent
				return parseSlow(s)
			}
		}
		return float64(mantissa) / powersOfTen(decimals)
	}
	return parseSlow(s)
}

func powersOfTen(n int) float64 {
	return [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}[n]
}

func parseSlow(s []byte) float64 {
	n, err := strconv.ParseFloat(string(s), 64)
	if err != nil && !math.IsInf(n, 0) {
		return math.NaN()
	}
	return n
}

// lessonIDs reads the array of a completion of several lessons. The array was
// scanned without error before.
func (r *reader) lessonIDs(each func(lesson string)) {
	const allowed = "must be an array of one or more strings of 1 to 255 characters"
	if r.fields[fieldLessonIDs].kind != kindArray {
		r.fail(fieldLessonIDs, allowed+", not "+r.fields[fieldLessonIDs].kind.String())
		return
	}
	s := scanner{data: r.data, pos: r.fields[fieldLessonIDs].start}
	n := 0
	_ = s.array(0, func() *syntaxError {
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
		} else {
			name := fmt.Sprintf("lessonIds[%d]", n)
			*r.errors = append(*r.errors, itemError{index: r.index, status: statusInvalid, field: name, detail: name + " " + wrong})
		}
		n++
		return nil
	})
	if n == 0 {
		r.fail(fieldLessonIDs, allowed)
	}
}
