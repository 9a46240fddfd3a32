package ingest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/progress-sync/progress-sync/sidecar/buffer"
	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// sink is a ResponseWriter that only counts.
type sink struct {
	nowhere
	bytes int
}

func (s *sink) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return len(p), nil
}

const mebibyte = 1 << 20

// fill repeats an element until a mebibyte is full.
func fill(before, element, between, after string) string {
	n := (mebibyte - len(before) - len(after)) / (len(element) + len(between))
	return before + strings.Repeat(element+between, n-1) + element + after
}

// A body as large as one may be costs no more than a multiple of itself, and the
// answer to it is far smaller, whatever is wrong with it.
func TestMistakesCostNoMoreThanTheBody(t *testing.T) {
	const key = `"userId":"u","courseId":"c"`
	for name, c := range map[string]struct {
		path, content, body string
		code                int
	}{
		"empty lessonIds":               {completePath, "", fill(`{`+key+`,"lessonIds":[`, `""`, ",", "]}"), 413},
		"lessonIds that are numbers":    {completePath, "", fill(`{`+key+`,"lessonIds":[`, `0`, ",", "]}"), 413},
		"good lessonIds":                {completePath, "", fill(`{`+key+`,"lessonIds":[`, `"l"`, ",", "]}"), 413},
		"empty lessonIds in many items": {completePath, "", fill(`[`, `{"lessonIds":["","",""]}`, ",", "]"), 413},
		"items without lessonIds":       {completePath, "", fill(`[`, `{"lessonIds":[]}`, ",", "]"), 413},
		"zeros":                         {progressPath, "", fill(`[`, `0`, ",", "]"), 413},
		"empty objects":                 {progressPath, "", fill(`[`, `{}`, ",", "]"), 413},
		"lines of empty objects":        {progressPath, "application/x-ndjson", fill("", "{}", "\n", ""), 413},
		"lines that are not JSON":       {progressPath, "application/x-ndjson", fill("", "x", "\n", ""), 413},
		"objects in which all is wrong": {progressPath, "", fill(`[`, `{"userId":1,"courseId":1,"lessonId":1,"moduleId":1,"eventId":1,`+
			`"currentTime":-9,"duration":-9,"percentage":-9,"watchedDuration":-9,"watchedDelta":-9,"seekEvents":-9,"pauseEvents":-9,`+
			`"playbackSpeed":-9,"completed":1,"occurredAt":1,"sentAt":1,"x":"`+strings.Repeat("x", 900)+`"}`, ",", "]"), 422},
		"one field a hundred thousand times": {progressPath, "", fill(`{`, `"a":1`, ",", "}"), 422},
		"one known field as often":           {progressPath, "", fill(`{`, `"userId":""`, ",", "}"), 422},
		"an escaped name as often":           {progressPath, "", fill(`{`, `"\u0061":1`, ",", "}"), 422},
		"arrays in arrays":                   {progressPath, "", strings.Repeat("[", mebibyte), 400},
		"objects in objects":                 {progressPath, "", fill("", `{"a":`, "", ""), 400},
		"an id of a mebibyte":                {progressPath, "", `{` + key + `,"lessonId":"` + strings.Repeat("x", mebibyte-100) + `"}`, 422},
		"a number of a mebibyte":             {progressPath, "", `{` + key + `,"lessonId":"l","duration":` + strings.Repeat("1", mebibyte-100) + `}`, 422},
		"spaces":                             {progressPath, "", strings.Repeat(" ", mebibyte), 400},
		"lines of nothing":                   {progressPath, "application/x-ndjson", strings.Repeat("\n", mebibyte), 400},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
			r.Host = "localhost"
			r.Header.Set("Content-Type", c.content)
			w := &sink{nowhere: nowhere{header: http.Header{}}}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d.ServeHTTP(w, r)
			runtime.ReadMemStats(&after)
			if w.code != c.code {
				t.Errorf("status %d, want %d", w.code, c.code)
			}
			if w.bytes > 64<<10 {
				t.Errorf("the answer has %d bytes", w.bytes)
			}
			// Doubling the body's memory as it comes takes four times its size.
			if used := after.TotalAlloc - before.TotalAlloc; used > 8*mebibyte {
				t.Errorf("%d bytes were allocated for a body of %d", used, len(c.body))
			}
			if n := d.bytes.Load(); n != 0 {
				t.Errorf("%d bytes are still counted", n)
			}
		})
	}
}

// TestTheAnswerListsAHundredMistakesAndCountsTheOthers lists more only beside items
// that were kept: there each item that was not has to be named.
func TestTheAnswerListsAHundredMistakesAndCountsTheOthers(t *testing.T) {
	bad := strings.Repeat(`{"userId":"u"},`, 299) + `{"userId":"u"}`
	t.Run("of nothing but mistakes", func(t *testing.T) {
		d := newDesk()
		a := d.ask(t, post("["+bad+"]"))
		expect(t, a, 422, map[string]any{"moreErrors": 500.0, "errors.99.index": 49.0, "field": "courseId"})
		if n := len(a.body["errors"].([]any)); n != 100 {
			t.Errorf("%d errors are listed", n)
		}
		if !strings.Contains(a.text, "none of the 300 items was kept") || d.state.rejected["invalid"] != 300 {
			t.Errorf("%v of %s", d.state.rejected, a.text)
		}
	})
	t.Run("beside good items", func(t *testing.T) {
		d := newDesk()
		a := d.ask(t, post("["+item("a")+","+bad+","+item("b")+"]"))
		expect(t, a, 207, map[string]any{
			"moreErrors": 250.0, "errors.349.index": 300.0, "progress.0.userId": "a", "progress.1": nil, "progress.300": nil, "progress.301.userId": "b",
		})
		if d.state.accepted != 2 {
			t.Errorf("%d accepted", d.state.accepted)
		}
	})
	t.Run("a hundred are all listed", func(t *testing.T) {
		a := newDesk().ask(t, post("["+strings.Repeat("0,", 99)+"0]"))
		if _, more := a.body["moreErrors"]; more || len(a.body["errors"].([]any)) != 100 {
			t.Error(a.text)
		}
	})
	t.Run("of what the buffer refuses", func(t *testing.T) {
		d := newDesk()
		d.buffer.refuse[lessonOf("full")] = buffer.ErrFull
		a := d.ask(t, post("["+strings.Repeat(item("full")+",", 150)+`0]`))
		expect(t, a, 422, map[string]any{"moreErrors": 51.0, "errors.0.index": 0.0, "errors.0.status": 429.0})
		if a := d.ask(t, post("["+strings.Repeat(item("full")+",", 150)+item("full")+"]")); a.code != 429 || a.header.Get("Retry-After") == "" {
			t.Errorf("%d: all were refused for the same", a.code)
		}
	})
}

// Ids of a request stand in each record of its answer, so that a small body can
// ask for a large one.
func TestRoomForTheAnswerIsTakenBeforeAnythingIsKept(t *testing.T) {
	d := newDesk()
	limits := *d.limits.Load()
	limits.MaxBytesInFlight = 200_000
	d.SetLimits(limits)
	long := strings.Repeat("x", 255)
	body := func(lessons int) string {
		return `{"userId":"` + long + `","courseId":"` + long + `","lessonIds":["l"` + strings.Repeat(`,"l"`, lessons-1) + `]}`
	}
	ask := func(lessons int) int {
		return d.ask(t, httptest.NewRequest(http.MethodPost, completePath, strings.NewReader(body(lessons)))).code
	}
	if code := ask(1000); code != http.StatusOK {
		t.Errorf("alone it got %d", code)
	}
	other := d.lease(limits)
	other.grow(1000)
	accepted := d.state.accepted
	if code := ask(1000); code != http.StatusServiceUnavailable || d.state.accepted != accepted {
		t.Errorf("beside another it got %d, and %d were accepted", code, d.state.accepted-accepted)
	}
	if code := ask(10); code != http.StatusOK {
		t.Errorf("a small one got %d", code)
	}
	other.end()
	if n := d.bytes.Load(); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}

func TestALearnerOfTooManyHeldLessonsIsReadByCourse(t *testing.T) {
	d := newDesk()
	for i := range postgres.MaxReadRecords + 1 {
		k := progress.Key{UserID: "u", CourseID: "c", LessonID: fmt.Sprint(i)}
		d.buffer.records[k] = progress.Update{Key: k}.Record(testNow, 95)
	}
	read := func(query string) answer {
		return d.ask(t, httptest.NewRequest(http.MethodGet, progressPath+"?userId=u"+query, nil))
	}
	a := read("")
	expect(t, a, 400, map[string]any{"field": "courseId"})
	if len(a.text) > 1000 {
		t.Errorf("the answer has %d bytes", len(a.text))
	}
	expect(t, read("&courseId=c"), 400, map[string]any{"field": "lessonId"})
	expect(t, read("&courseId=c&lessonId=7"), 200, map[string]any{"progress.0.lessonId": "7"})
}

func TestAnAnswerOfManyDeadLettersNeedsRoom(t *testing.T) {
	d := newDesk()
	d.buffer.letters = make([]buffer.DeadLetter, 1000)
	limits := LimitsOf(config.Default())
	limits.MaxBytesInFlight = 100_000
	d.SetLimits(limits)
	ask := func() int {
		return d.ask(t, httptest.NewRequest(http.MethodGet, deadLettersPath+"?limit=1000", nil)).code
	}
	other := d.lease(limits)
	other.grow(1)
	if code := ask(); code != http.StatusServiceUnavailable {
		t.Errorf("beside another it got %d", code)
	}
	other.end()
	if code := ask(); code != http.StatusOK {
		t.Errorf("alone it got %d", code)
	}
}
