package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/progress-sync/progress-sync/sidecar/progress"
)

const fullUpdate = `{"userId":"u1","courseId":"c1","lessonId":"l1","moduleId":"m1","eventId":"e1",
"currentTime":12.5,"duration":600,"percentage":2.25,"watchedDuration":11,"watchedDelta":5.25,"seekEvents":2,
"pauseEvents":1,"playbackSpeed":1.5,"completed":true,"occurredAt":"2026-03-01T09:30:00.125Z","sentAt":1772359199000,"leaving":true,"syncWithin":30.5}`

// testNow is when the requests of these tests come in.
const testNow progress.Instant = 1_772_359_200_000_000 // 2026-03-01T10:00:00Z

func decoding(f Form) *Items {
	q := NewLayout(progress.Fields()).Items()
	q.Reset(Ask{Form: f, MaxItems: 1000, Received: testNow})
	return q
}

func TestDecodeReadsEveryField(t *testing.T) {
	q := decoding(FormUpdate)
	if err := q.JSON([]byte(fullUpdate)); err != nil || q.Mistakes.Count > 0 {
		t.Fatal(err, q.Mistakes.Listed)
	}
	want := []progress.Update{{
		Key:      progress.Key{UserID: "u1", CourseID: "c1", LessonID: "l1"},
		ModuleID: "m1", EventID: "e1",
		CurrentTime: progress.Some(12.5), Duration: progress.Some(600), Percentage: progress.Some(2.25),
		WatchedDuration: progress.Some(11), WatchedDelta: progress.Some(5.25), PlaybackSpeed: progress.Some(1.5),
		SeekEvents: 2, PauseEvents: 1, Completed: true,
		OccurredAt: progress.InstantOf(time.Date(2026, 3, 1, 9, 30, 0, 125e6, time.UTC)),
		SentAt:     progress.InstantOf(time.Date(2026, 3, 1, 9, 59, 59, 0, time.UTC)),
		Leaving:    true, SyncWithin: progress.Some(30.5),
	}}
	if diff := cmp.Diff(want, q.Updates); diff != "" {
		t.Error(diff)
	}
	if !q.Single || q.Count != 1 {
		t.Errorf("single %v, %d items", q.Single, q.Count)
	}
}

// with is a valid update with one field replaced or added.
func with(field, value string) string {
	return `{"userId":"u","courseId":"c","lessonId":"l","` + field + `":` + value + `}`
}

func TestDecodeNamesTheField(t *testing.T) {
	long := `"` + strings.Repeat("ü", 256) + `"`
	for name, c := range map[string]struct{ body, field, detail string }{
		"no user":                          {`{"courseId":"c","lessonId":"l"}`, "userId", "is missing"},
		"null user":                        {with("userId", "null"), "userId", "is missing"},
		"empty course":                     {with("courseId", `""`), "courseId", "must not be empty"},
		"lesson as a number":               {with("lessonId", "7"), "lessonId", "must be a string of 1 to 255 characters, not a number"},
		"256 characters":                   {with("moduleId", long), "moduleId", "at most 255 characters"},
		"NUL":                              {with("userId", `"a\u0000"`), "userId", "control characters"},
		"a C1 control":                     {with("userId", `"\u0085"`), "userId", "control characters"},
		"bytes that are not UTF-8":         {with("userId", "\"\xff\""), "userId", "valid UTF-8"},
		"half a surrogate pair":            {with("userId", `"\ud83d"`), "userId", "valid UTF-8"},
		"two high surrogates":              {with("userId", `"\ud83d\ud83d"`), "userId", "valid UTF-8"},
		"a negative position":              {with("currentTime", "-1.1"), "currentTime", "a number of seconds from 0"},
		"a duration that is not known":     {with("duration", "-1"), "duration", "leave it out while it is unknown"},
		"a delta that goes back":           {with("watchedDelta", "-0.5"), "watchedDelta", "watched since the last update"},
		"a negative percentage":            {with("percentage", "-1.01"), "percentage", "a number from 0 to 100"},
		"a percentage as a string":         {with("percentage", `"100.0"`), "percentage", "a number from 0 to 100, not a string"},
		"no time to write":                 {with("syncWithin", "0"), "syncWithin", "above 0"},
		"a time to write in the past":      {with("syncWithin", "-1"), "syncWithin", "above 0"},
		"more than a day to write":         {with("syncWithin", "86401"), "syncWithin", "at most 86400"},
		"a word for when to write":         {with("syncWithin", `"soon"`), "syncWithin", "not a string"},
		"a number for leaving":             {with("leaving", "1"), "leaving", "true or false"},
		"a speed that is none":             {with("playbackSpeed", "0"), "playbackSpeed", "above 0"},
		"NaN as a string":                  {with("currentTime", `"NaN"`), "currentTime", "leave the field out"},
		"time as a string":                 {with("currentTime", `"12"`), "currentTime", "not a string"},
		"a number beyond float64":          {with("duration", "1e999"), "duration", "a number of seconds from 0"},
		"percentage above 100":             {with("percentage", "101.5"), "percentage", "a number from 0 to 100"},
		"half a seek":                      {with("seekEvents", "1.5"), "seekEvents", "a whole number from 0 to 1000000"},
		"too many pauses":                  {with("pauseEvents", "1000001"), "pauseEvents", "a whole number from 0 to 1000000"},
		"speed of zero":                    {with("playbackSpeed", "0"), "playbackSpeed", "above 0"},
		"completed as a number":            {with("completed", "1"), "completed", "must be true or false, not a number"},
		"a date without a time":            {with("occurredAt", `"2026-03-01"`), "occurredAt", "RFC 3339"},
		"an item that is not an object":    {`[7]`, "", "an item must be a JSON object, not a number"},
		"a delta that must be in millis":   {with("watchedDelta", "5000000"), "watchedDelta", "from 0 to 1000000"},
		"an object in place of a position": {with("currentTime", `{"s":1}`), "currentTime", "not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			q := decoding(FormUpdate)
			if err := q.JSON([]byte(c.body)); err != nil {
				t.Fatal(err)
			}
			if q.Mistakes.Count != 1 || len(q.Updates) != 0 {
				t.Fatalf("errors %+v, updates %+v", q.Mistakes.Listed, q.Updates)
			}
			if e := q.Mistakes.Listed[0]; e.Field != c.field || !strings.Contains(e.Detail, c.detail) {
				t.Errorf("field %q, detail %q; want field %q and %q in the detail", e.Field, e.Detail, c.field, c.detail)
			}
		})
	}
}

func TestDecodeTakes(t *testing.T) {
	base := progress.Update{Key: progress.Key{UserID: "u", CourseID: "c", LessonID: "l"}}
	change := func(f func(*progress.Update)) progress.Update {
		u := base
		f(&u)
		return u
	}
	for name, c := range map[string]struct {
		body string
		want progress.Update
	}{
		"unknown fields of any kind": {with("extra", `{"a":[1,{"b":null}],"c":"\ud83d"}`), base},
		"null as absent":             {with("currentTime", "null"), base},
		"an empty moduleId as none":  {with("moduleId", `""`), base},
		"the last of two fields":     {with("userId", `"v"`), change(func(u *progress.Update) { u.UserID = "v" })},
		"a null that takes a bad value back": {
			`{"userId":"u","courseId":"c","lessonId":"l","percentage":102,"percentage":null}`, base},
		"an escaped field name":         {with(`percent\u0061ge`, "5"), change(func(u *progress.Update) { u.Percentage = progress.Some(5) })},
		"255 characters, not bytes":     {with("userId", `"`+strings.Repeat("ü", 255)+`"`), change(func(u *progress.Update) { u.UserID = strings.Repeat("ü", 255) })},
		"a surrogate pair":              {with("userId", `"\uD83D\uDE00 \"\\\/"`), change(func(u *progress.Update) { u.UserID = "😀 \"\\/" })},
		"minus zero":                    {with("currentTime", "-0"), change(func(u *progress.Update) { u.CurrentTime = progress.Some(0) })},
		"a whole number with a point":   {with("seekEvents", "2.0"), change(func(u *progress.Update) { u.SeekEvents = 2 })},
		"Unix milliseconds":             {with("occurredAt", "1767225600123.5"), change(func(u *progress.Update) { u.OccurredAt = 1767225600123500 })},
		"a time with an offset":         {with("occurredAt", `"2000-01-01T01:00:01+01:00"`), change(func(u *progress.Update) { u.OccurredAt = 946684801e6 })},
		"white space around everything": {" \n{ \"userId\" : \"u\" ,\t\"courseId\":\"c\",\r\n\"lessonId\":\"l\" } ", base},
	} {
		t.Run(name, func(t *testing.T) {
			q := decoding(FormUpdate)
			if err := q.JSON([]byte(c.body)); err != nil || q.Mistakes.Count > 0 {
				t.Fatal(err, q.Mistakes.Listed)
			}
			if diff := cmp.Diff([]progress.Update{c.want}, q.Updates); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefusesAWholeBody(t *testing.T) {
	for name, c := range map[string]struct {
		body, want string
	}{
		"empty":                    {" \n", "the body is empty"},
		"half a JSON":              {`[{"userId":"u","cour`, "the text ends too early at byte 21"},
		"a stray byte":             {`{"userId":u}`, "expected a JSON value at byte 11"},
		"text after the end":       {`{"a":1} x`, "unexpected text after the JSON value at byte 9"},
		"a comma too much":         {`{"a":1,}`, "expected a field name in quotes at byte 8"},
		"an unquoted NaN":          {`{"currentTime":NaN}`, "expected a JSON value at byte 16"},
		"nested too deeply":        {`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "nesting is too deep"},
		"neither object nor array": {`"u"`, "must be a JSON object, or an array"},
	} {
		t.Run(name, func(t *testing.T) {
			q := decoding(FormUpdate)
			err := q.JSON([]byte(c.body))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestDecodeKeepsTheGoodItems(t *testing.T) {
	good := func(user string) string { return `{"userId":"` + user + `","courseId":"c","lessonId":"l"}` }
	bad := `{"courseId":"c","lessonId":"l","currentTime":-2}`
	check := func(t *testing.T, q *Items, wantErrors []Mistake) {
		t.Helper()
		if diff := cmp.Diff([]int{0, 2}, q.Origins); diff != "" {
			t.Error(diff)
		}
		if q.Updates[0].UserID != "a" || q.Updates[1].UserID != "b" {
			t.Errorf("updates %+v", q.Updates)
		}
		if diff := cmp.Diff(wantErrors, q.Mistakes.Listed, cmpopts.IgnoreFields(Mistake{}, "Detail")); diff != "" {
			t.Error(diff)
		}
	}
	t.Run("of an array", func(t *testing.T) {
		q := decoding(FormUpdate)
		if err := q.JSON([]byte("[" + good("a") + "," + bad + "," + good("b") + ",null]")); err != nil {
			t.Fatal(err)
		}
		check(t, q, []Mistake{{1, 422, "userId", ""}, {1, 422, "currentTime", ""}, {3, 422, "", ""}})
	})
	t.Run("of lines, even beside one that is not JSON", func(t *testing.T) {
		q := decoding(FormUpdate)
		if err := q.Lines([]byte(good("a") + "\r\n\n" + bad[:20] + "\n" + good("b") + "\n")); err != nil {
			t.Fatal(err)
		}
		check(t, q, []Mistake{{1, 400, "", ""}})
		if !strings.Contains(q.Mistakes.Listed[0].Detail, "line 3 is not valid JSON") {
			t.Errorf("detail %q", q.Mistakes.Listed[0].Detail)
		}
	})
}

func TestDecodeCountsItems(t *testing.T) {
	item := `{"userId":"u","courseId":"c","lessonId":"l"}`
	complete := `{"userId":"u","courseId":"c","lessonIds":["1","2","3"]}`
	for name, decode := range map[string]func(q *Items) error{
		"of an array":  func(q *Items) error { return q.JSON([]byte("[" + item + "," + item + "," + item + "]")) },
		"of lines":     func(q *Items) error { return q.Lines([]byte(item + "\n" + item + "\n" + item)) },
		"of lessonIds": func(q *Items) error { q.ask.Form = FormComplete; return q.JSON([]byte(complete)) },
	} {
		t.Run(name, func(t *testing.T) {
			q := NewLayout(progress.Fields()).Items()
			q.Reset(Ask{Form: FormUpdate, MaxItems: 2, Received: testNow})
			var many *TooManyError
			if err := decode(q); !errors.As(err, &many) || many.Limit != 2 {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDecodeComplete(t *testing.T) {
	done := func(lesson string) progress.Update {
		return progress.Update{Key: progress.Key{UserID: "u", CourseID: "c", LessonID: lesson}, Completed: true}
	}
	for name, c := range map[string]struct {
		body  string
		want  []progress.Update
		field string
	}{
		"one lesson":               {`{"userId":"u","courseId":"c","lessonId":"1"}`, []progress.Update{done("1")}, ""},
		"several lessons":          {`{"userId":"u","courseId":"c","lessonIds":["1","\u0032"]}`, []progress.Update{done("1"), done("2")}, ""},
		"an array of both":         {`[{"userId":"u","courseId":"c","lessonIds":["1"]},{"userId":"u","courseId":"c","lessonId":"2"}]`, []progress.Update{done("1"), done("2")}, ""},
		"other fields don't count": {`{"userId":"u","courseId":"c","lessonId":"1","currentTime":-5}`, []progress.Update{done("1")}, ""},
		"no lesson":                {`{"userId":"u","courseId":"c"}`, nil, "lessonId"},
		"both":                     {`{"userId":"u","courseId":"c","lessonId":"1","lessonIds":["2"]}`, nil, "lessonIds"},
		"no lessons":               {`{"userId":"u","courseId":"c","lessonIds":[]}`, nil, "lessonIds"},
		"a bad lesson":             {`{"userId":"u","courseId":"c","lessonIds":["1",2]}`, nil, "lessonIds[1]"},
		"lessons as a string":      {`{"userId":"u","courseId":"c","lessonIds":"1"}`, nil, "lessonIds"},
		"an event id for several":  {`{"userId":"u","courseId":"c","eventId":"e","lessonIds":["1","2"]}`, nil, "eventId"},
	} {
		t.Run(name, func(t *testing.T) {
			q := decoding(FormComplete)
			if err := q.JSON([]byte(c.body)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, q.Updates, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if c.field != "" && (q.Mistakes.Count != 1 || q.Mistakes.Listed[0].Field != c.field) {
				t.Errorf("errors %+v, want one of %s", q.Mistakes.Listed, c.field)
			}
		})
	}
}

func TestErrorsRepeatNothingOfTheLearner(t *testing.T) {
	q := decoding(FormUpdate)
	body := `[{"userId":"secret\u0000","courseId":7,"lessonId":"secret\ud800","currentTime":"secret","occurredAt":"secret"}]`
	if err := q.JSON([]byte(body)); err != nil {
		t.Fatal(err)
	}
	for _, e := range q.Mistakes.Listed {
		if strings.Contains(e.Detail, "secret") {
			t.Errorf("detail %q", e.Detail)
		}
	}
	if err := decoding(FormUpdate).JSON([]byte(`{"userId":"secret`)); strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// deep reports nesting beyond what the decoder takes.
func deep(text []byte) bool {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest > maxDepth
}

func addSeeds(f *testing.F) {
	f.Helper()
	f.Add([]byte(fullUpdate))
	f.Add([]byte(with("watchedSegments", "[[0,12],[30.5,45],[-1,2]]")))
	f.Add([]byte("[" + fullUpdate + `,{"userId":"u","courseId":"c","lessonId":"l"}]`))
	f.Add([]byte(strings.ReplaceAll(fullUpdate, "\n", "") + "\n\n" + `{"userId":1}` + "\n{"))
	for _, v := range []string{`"\ud83d\ude00"`, "1e-7", "-0.0", `{"a":[true,false,null]}`, "123456789012345678", `"\u00e9\b"`, "0.30000000000000004"} {
		f.Add([]byte(with("currentTime", v)))
		f.Add([]byte(with("userId", v)))
		f.Add([]byte(with("occurredAt", v)))
	}
}

// FuzzDecodeJSON compares a body of one object or an array with encoding/json.
func FuzzDecodeJSON(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		q := decoding(FormUpdate)
		err := q.JSON(body)
		if deep(body) {
			return
		}
		if !json.Valid(body) {
			if err == nil {
				t.Fatal("accepted what is not JSON")
			}
			return
		}
		if _, bad := errors.AsType[*SyntaxError](err); bad {
			t.Fatalf("refused JSON: %v", err)
		}
		items := []json.RawMessage{body}
		if bytes.TrimSpace(body)[0] == '[' {
			if json.Unmarshal(body, &items) != nil {
				t.Fatal("no array")
			}
		} else if err != nil {
			return // neither object nor array
		}
		compare(t, q, items)
	})
}

// FuzzDecodeLines compares an NDJSON body, line by line, with encoding/json.
func FuzzDecodeLines(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		q := decoding(FormUpdate)
		err := q.Lines(body)
		if deep(body) {
			return
		}
		var items []json.RawMessage
		for line := range bytes.SplitSeq(body, []byte{'\n'}) {
			if len(bytes.Trim(line, " \t\r")) > 0 {
				items = append(items, line)
			}
		}
		if (err != nil) != (len(items) == 0 || len(items) > 1000) {
			t.Fatalf("%d items: %v", len(items), err)
		}
		if err == nil {
			compare(t, q, items)
		}
	})
}

func compare(t *testing.T, q *Items, items []json.RawMessage) {
	t.Helper()
	if len(items) > q.ask.MaxItems {
		return
	}
	var want []progress.Update
	var origins []int
	bad := map[int]bool{}
	for i, item := range items {
		u, _, right := referenceItem(item)
		if !right {
			bad[i] = true
			continue
		}
		want, origins = append(want, u), append(origins, i)
	}
	got := map[int]bool{}
	for _, e := range q.Mistakes.Listed {
		got[e.Index] = true
	}
	if diff := cmp.Diff(bad, got); diff != "" {
		t.Fatalf("bad items (-reference +decoder):\n%s%+v", diff, q.Mistakes.Listed)
	}
	if diff := cmp.Diff(want, q.Updates, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("updates (-reference +decoder):\n%s", diff)
	}
	if diff := cmp.Diff(origins, q.Origins, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
}

type encodingUpdate struct {
	UserID          string    `json:"userId"`
	CourseID        string    `json:"courseId"`
	LessonID        string    `json:"lessonId"`
	ModuleID        string    `json:"moduleId"`
	EventID         string    `json:"eventId"`
	CurrentTime     *float64  `json:"currentTime"`
	Duration        *float64  `json:"duration"`
	Percentage      *float64  `json:"percentage"`
	WatchedDuration *float64  `json:"watchedDuration"`
	WatchedDelta    *float64  `json:"watchedDelta"`
	PlaybackSpeed   *float64  `json:"playbackSpeed"`
	SeekEvents      int64     `json:"seekEvents"`
	PauseEvents     int64     `json:"pauseEvents"`
	Completed       bool      `json:"completed"`
	OccurredAt      time.Time `json:"occurredAt"`
}

func BenchmarkDecode(b *testing.B) {
	heartbeat := `{"userId":"learner-000123","courseId":"course-7","lessonId":"lesson-42","moduleId":"module-3",` +
		`"currentTime":123.456,"duration":600,"watchedDelta":5,"seekEvents":0,"pauseEvents":1,"playbackSpeed":1.25,` +
		`"occurredAt":"2026-03-01T09:30:00.125Z"}`
	for _, n := range []int{1, 50} {
		body := []byte(heartbeat)
		if n > 1 {
			body = []byte("[" + strings.Repeat(heartbeat+",", n-1) + heartbeat + "]")
		}
		b.Run(fmt.Sprintf("own/%d", n), func(b *testing.B) {
			q := decoding(FormUpdate)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				q.Reset(Ask{Form: FormUpdate, MaxItems: 1000, Received: testNow})
				if err := q.JSON(body); err != nil || q.Mistakes.Count > 0 {
					b.Fatal(err, q.Mistakes.Listed)
				}
			}
		})
		b.Run(fmt.Sprintf("encoding-json/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if n == 1 {
					var u encodingUpdate
					err = json.Unmarshal(body, &u)
				} else {
					var u []encodingUpdate
					err = json.Unmarshal(body, &u)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
