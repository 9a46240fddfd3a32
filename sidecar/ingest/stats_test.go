package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/postgres"
	"github.com/progress-sync/progress-sync/sidecar/progress"
	"github.com/progress-sync/progress-sync/sidecar/stats"
)

// fakeStatistics is a database with a catalogue of its own.
type fakeStatistics struct {
	err      error
	age      time.Duration
	courses  map[string][]stats.Lesson
	reported []stats.CourseLesson
}

func (s *fakeStatistics) Listed(_ context.Context, courseID string, records []progress.Record) (stats.Catalogue, error) {
	c := stats.Catalogue{Courses: map[string]stats.Totals{}, Lessons: make([]stats.Listed, len(records))}
	list := func(course string) {
		if lessons := s.courses[course]; len(lessons) > 0 {
			c.Courses[course] = stats.TotalsOf(lessons)
		}
	}
	list(courseID)
	for i, r := range records {
		list(r.CourseID)
		for _, l := range s.courses[r.CourseID] {
			if l.LessonID == r.LessonID {
				c.Lessons[i] = stats.Listed{Weight: l.Weight, Required: l.Required}
			}
		}
	}
	return c, s.err
}

func (s *fakeStatistics) CourseLessons(context.Context, string) (stats.CourseLessons, error) {
	return stats.CourseLessons{AsOf: time.Now().Add(-s.age), Lessons: s.reported}, s.err
}

func (s *fakeStatistics) Catalogue(_ context.Context, courseID string) ([]stats.Lesson, error) {
	return s.courses[courseID], s.err
}

func (s *fakeStatistics) PutCatalogue(_ context.Context, courseID string, lessons []stats.Lesson) (int64, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.courses == nil {
		s.courses = map[string][]stats.Lesson{}
	}
	s.courses[courseID] = slices.Clone(lessons)
	return int64(len(lessons)), nil
}

// learning is a desk at which ada has half of a lesson saved and the rest unsaved.
func learning(t *testing.T) *desk {
	t.Helper()
	d := newDesk()
	half := progress.Update{
		Key: progress.Key{UserID: "ada", CourseID: "go", LessonID: "1"}, Percentage: progress.Some(50), WatchedDelta: progress.Some(10),
	}
	d.reader.saved.Records = []progress.Record{half.Record(1_700_000_000_000_000, 95)}
	for _, body := range []string{
		`{"userId":"ada","courseId":"go","lessonId":"1","percentage":96,"watchedDelta":5}`,
		`{"userId":"ada","courseId":"go","lessonId":"2","percentage":20}`,
		`{"userId":"ada","courseId":"rust","lessonId":"1","percentage":10}`,
	} {
		if a := d.ask(t, post(body)); a.code != http.StatusOK {
			t.Fatal(a.text)
		}
	}
	return d
}

func TestStatisticsCountWhatIsNotSavedYet(t *testing.T) {
	d := learning(t)
	d.numbers.courses = map[string][]stats.Lesson{"go": {{LessonID: "1", Weight: 3, Required: true}, {LessonID: "2", Weight: 1}, {LessonID: "3", Weight: 6, Required: true}}}
	expect(t, d.call(t, http.MethodGet, "/v1/stats?userId=ada"), http.StatusOK, map[string]any{
		"userId": "ada", "stale": false,
		"courses.0.courseId": "go", "courses.0.lessonsStarted": 2.0, "courses.0.lessonsCompleted": 1.0, "courses.0.percent": 32.0,
		"courses.0.percentOf": "course", "courses.0.lessons": 3.0, "courses.0.requiredLessons": 2.0, "courses.0.requiredCompleted": 1.0,
		"courses.0.requiredPercent": 100.0 / 3, "courses.0.timeSpentSeconds": 15.0, "courses.0.firstSeenAt": "2023-11-14T22:13:20Z",
		"courses.1.courseId": "rust", "courses.1.percent": 10.0, "courses.1.percentOf": "started", "courses.1.lessons": nil, "courses.1.requiredPercent": nil,
		"totals.courses": 2.0, "totals.lessonsStarted": 3.0, "totals.lessonsCompleted": 1.0, "totals.timeSpentSeconds": 15.0,
	})
}

func TestOfOneCourseThereAreNoTotals(t *testing.T) {
	d := newDesk()
	d.numbers.courses = map[string][]stats.Lesson{"go": {{LessonID: "1", Weight: 3, Required: true}}}
	expect(t, d.call(t, http.MethodGet, "/v1/stats?userId=ada&courseId=go"), http.StatusOK, map[string]any{
		"courses.0.lessonsStarted": 0.0, "courses.0.percent": 0.0, "courses.0.percentOf": "course", "courses.0.lastSeenAt": nil, "totals": nil,
	})
	if a := d.call(t, http.MethodGet, "/v1/stats?userId=ada&courseId=else"); a.text != `{"userId":"ada","courses":[],"stale":false}`+"\n" {
		t.Errorf("of a course that nobody knows: %s", a.text)
	}
}

// Numbers of a part look like those of all.
func TestWithoutTheDatabaseThereAreNoStatistics(t *testing.T) {
	denied := &pgconn.PgError{Code: "42501"}
	for _, c := range []struct {
		name, call string
		change     func(d *desk)
		detail     string
	}{
		{"of a learner whose rows can't be read", "/v1/stats?userId=ada", func(d *desk) { d.reader.err = errors.New("away") }, "GET /v1/sync"},
		{"of a learner without the catalogue", "/v1/stats?userId=ada", func(d *desk) { d.numbers.err = denied }, "GRANT"},
		{"of a course", "/v1/stats/courses/go", func(d *desk) { d.numbers.err = denied }, "GRANT"},
		{"of a course that takes too long", "/v1/stats/courses/go", func(d *desk) { d.numbers.err = &pgconn.PgError{Code: "57014"} }, "migrate --check"},
		{"of a course that waits too long", "/v1/stats/courses/go", func(d *desk) { d.numbers.err = context.DeadlineExceeded }, "migrate --check"},
		{"of a catalogue", "/v1/courses/go", func(d *desk) { d.numbers.err = denied }, "GRANT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := learning(t)
			c.change(d)
			a := d.call(t, http.MethodGet, c.call)
			expect(t, a, http.StatusServiceUnavailable, map[string]any{"type": problemType + "no-statistics", "courses": nil})
			if detail, _ := a.body["detail"].(string); !strings.Contains(detail, c.detail) || a.header.Get("Retry-After") == "" {
				t.Errorf("it says %s, Retry-After %q", detail, a.header.Get("Retry-After"))
			}
		})
	}
}

func TestALearnerSeesTheirOwnStatisticsOnly(t *testing.T) {
	d := learning(t)
	limits := *d.limits.Load()
	limits.UserHeader = "X-Progress-User"
	d.SetLimits(limits)
	for _, c := range []struct {
		method, path, user string
		code               int
	}{
		{http.MethodGet, "/v1/stats", "ada", 200},
		{http.MethodGet, "/v1/stats?userId=ada&courseId=go", "ada", 200},
		{http.MethodGet, "/v1/stats?userId=ada", "bob", 403},
		{http.MethodGet, "/v1/stats?userId=ada", "", 401},
		{http.MethodGet, "/v1/stats/courses/go", "ada", 403},
		{http.MethodGet, "/v1/stats/courses/go", "", 200},
		{http.MethodGet, "/v1/courses/go", "ada", 403},
		{http.MethodPut, "/v1/courses/go", "ada", 403},
		{http.MethodDelete, "/v1/courses/go", "ada", 403},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(`{"lessons":[{"lessonId":"1"}]}`))
		if c.user != "" {
			r.Header.Set("X-Progress-User", c.user)
		}
		if a := d.ask(t, r); a.code != c.code {
			t.Errorf("%s %s for %q: %d, want %d: %s", c.method, c.path, c.user, a.code, c.code, a.text)
		}
	}
	if len(d.numbers.courses) > 0 {
		t.Error("a learner wrote a catalogue")
	}
}

func TestStatisticsOfACourseSayHowOldTheyAre(t *testing.T) {
	d := newDesk()
	d.numbers.age = 7 * time.Second
	half, two := 50.0, int64(2)
	d.numbers.reported = []stats.CourseLesson{{LessonID: "1", Learners: 4, Completed: &two, CompletionPercent: &half, UnfinishedByTenth: []int64{2, 0}}}
	a := d.call(t, http.MethodGet, "/v1/stats/courses/a%2Fb")
	expect(t, a, http.StatusOK, map[string]any{
		"courseId": "a/b", "lessons.0.lessonId": "1", "lessons.0.learners": 4.0, "lessons.0.completionPercent": 50.0, "lessons.0.medianPercent": nil,
		"lessons.0.unfinishedByTenth.0": 2.0,
	})
	if a.header.Get("Age") != "7" || a.body["asOf"] == nil {
		t.Errorf("Age is %q, asOf %v", a.header.Get("Age"), a.body["asOf"])
	}
	for err, code := range map[error]int{postgres.ErrNoCourses: 409, postgres.ErrTooManyLessons: 409} {
		d.numbers.err = err
		if a := d.call(t, http.MethodGet, "/v1/stats/courses/c"); a.code != code {
			t.Errorf("%v: %d %s", err, a.code, a.text)
		}
	}
}

func putCourse(body string) *http.Request {
	return httptest.NewRequest(http.MethodPut, "/v1/courses/go", strings.NewReader(body))
}

func TestACatalogueComesBackAsItWasPut(t *testing.T) {
	d := newDesk()
	if a := d.call(t, http.MethodGet, "/v1/courses/go"); a.code != http.StatusNotFound {
		t.Errorf("before it was put: %d %s", a.code, a.text)
	}
	expect(t, d.ask(t, putCourse(`{"lessons":[{"lessonId":"1"},{"lessonId":"ü","weight":7,"required":false}]}`)), http.StatusOK,
		map[string]any{"courseId": "go", "lessons": 2.0, "changed": 2.0})
	want := `{"courseId":"go","lessons":[{"lessonId":"1","weight":1,"required":true},{"lessonId":"ü","weight":7,"required":false}]}` + "\n"
	if a := d.call(t, http.MethodGet, "/v1/courses/go"); a.text != want {
		t.Errorf("it is %s", a.text)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(`{"lessons":[{"lessonId":"packed"}]}`))
	_ = z.Close()
	r := putCourse(packed.String())
	r.Header.Set("Content-Encoding", "gzip")
	if a := d.ask(t, r); a.code != http.StatusOK || d.numbers.courses["go"][0].LessonID != "packed" {
		t.Errorf("packed: %d %s", a.code, a.text)
	}
	expect(t, d.call(t, http.MethodDelete, "/v1/courses/go"), http.StatusOK, map[string]any{"lessons": 0.0})
	if len(d.numbers.courses["go"]) > 0 {
		t.Error("it is still there")
	}
}

func TestACatalogueThatIsWrongChangesNothing(t *testing.T) {
	var many strings.Builder
	for i := range stats.MaxLessons + 1 {
		fmt.Fprintf(&many, `,{"lessonId":"%d"}`, i)
	}
	for _, c := range []struct {
		name, body string
		code       int
		field      string
		detail     string
	}{
		{"no JSON", `{"lessons":[`, 400, "", "line 1"},
		{"an array", `[]`, 400, "", "must be an object such as"},
		{"something behind it", `{"lessons":[{"lessonId":"1"}]}{}`, 400, "", "nothing else"},
		{"another member", `{"lessons":[{"lessonId":"1"}],"title":"Go"}`, 400, "", "nothing else"},
		{"no lessons", `{}`, 422, "lessons", "DELETE"},
		{"an empty list", `{"lessons":[]}`, 422, "lessons", "DELETE"},
		{"a lesson that is null", `{"lessons":[null]}`, 422, "lessonId", "must not be empty"},
		{"a lesson that is a string", `{"lessons":["1"]}`, 422, "", "must be an object"},
		{"a misspelt weight", `{"lessons":[{"lessonId":"1","wieght":2}]}`, 422, "", "nothing else"},
		{"an empty id", `{"lessons":[{"lessonId":""}]}`, 422, "lessonId", "must not be empty"},
		{"an id that is a number", `{"lessons":[{"lessonId":1}]}`, 422, "lessonId", "must be a string"},
		{"an id twice", `{"lessons":[{"lessonId":"1"},{"lessonId":"2"},{"lessonId":"1"}]}`, 422, "lessonId", "that of lesson 0, too"},
		{"a weight of 0", `{"lessons":[{"lessonId":"1","weight":0}]}`, 422, "weight", "from 1 to 1000000"},
		{"a broken weight", `{"lessons":[{"lessonId":"1","weight":1.5}]}`, 422, "weight", "whole number"},
		{"a weight that is too large", `{"lessons":[{"lessonId":"1","weight":1000001}]}`, 422, "weight", "from 1 to 1000000"},
		{"required in words", `{"lessons":[{"lessonId":"1","required":"yes"}]}`, 422, "required", "true or false"},
		{"too many lessons", `{"lessons":[` + many.String()[1:] + `]}`, 413, "", "10001 lessons"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk()
			a := d.ask(t, putCourse(c.body))
			expect(t, a, c.code, nil)
			field, _ := a.body["field"].(string)
			if detail, _ := a.body["detail"].(string); !strings.Contains(detail, c.detail) || field != c.field {
				t.Errorf("field %q: %s", field, detail)
			}
			if len(d.numbers.courses) > 0 {
				t.Error("it was kept")
			}
		})
	}
}

func TestOfManyMistakesInACatalogueAHundredAreListed(t *testing.T) {
	lessons := strings.Repeat(`,{"lessonId":""}`, 130)
	a := newDesk().ask(t, putCourse(`{"lessons":[`+lessons[1:]+`]}`))
	if listed, _ := a.body["errors"].([]any); a.code != 422 || len(listed) != 100 || a.body["moreErrors"] != 30.0 {
		t.Errorf("%d: %d listed, %v more", a.code, len(listed), a.body["moreErrors"])
	}
}

// A lesson that is completed by what was seen may be so by what is saved and what is not
// together, of which neither says that it is.
func TestReadersAreToldWhatIsCompletedByWhatWasSeenTogether(t *testing.T) {
	part := func(lesson string, duration, from, to float64) string {
		d := ""
		if duration > 0 {
			d = fmt.Sprintf(`,"duration":%v`, duration)
		}
		return fmt.Sprintf(`{"userId":"ada","courseId":"go","lessonId":%q,"currentTime":%v,"watchedSegments":[[%v,%v]]%s}`, lesson, to, from, to, d)
	}
	saved := func(lesson string, duration, from, to float64) progress.Record {
		u := progress.Update{
			Key:             progress.Key{UserID: "ada", CourseID: "go", LessonID: lesson},
			CurrentTime:     progress.Some(to),
			WatchedSegments: progress.SegmentsOf([][2]float64{{from, to}}, duration),
		}
		if duration > 0 {
			u.Duration = progress.Some(duration)
		}
		return u.Record(1_700_000_000_000_000, 0)
	}
	for name, tt := range map[string]struct {
		record    progress.Record
		unsaved   string
		completed bool
	}{
		"one half saved, the other not":                  {record: saved("1", 100, 0, 50), unsaved: part("1", 100, 50, 100), completed: true},
		"the same half":                                  {record: saved("1", 100, 0, 50), unsaved: part("1", 100, 0, 50)},
		"a seek to the end of it":                        {record: saved("1", 100, 0, 50), unsaved: `{"userId":"ada","courseId":"go","lessonId":"1","currentTime":100,"duration":100,"seekEvents":1}`},
		"a lesson whose length is known by the row only": {record: saved("1", 100, 0, 50), unsaved: part("1", 0, 50, 100), completed: true},
		"a lesson without a length":                      {record: saved("1", 0, 0, 50), unsaved: part("1", 0, 50, 100)},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			limits := config.Default()
			limits.Sync.CompletionBy = config.CompletionByWatched
			d.SetLimits(LimitsOf(limits))
			// The sidecar's buffer completes what it holds by itself; what is asked for here is what only the two know together.
			d.buffer.threshold = 0
			d.reader.saved.Records = []progress.Record{tt.record}
			if a := d.ask(t, post(tt.unsaved)); a.code != http.StatusOK {
				t.Fatal(a.text)
			}
			expect(t, d.call(t, http.MethodGet, "/v1/progress?userId=ada"), http.StatusOK, map[string]any{"progress.0.completed": tt.completed})
			completed := map[bool]float64{true: 1}[tt.completed]
			expect(t, d.call(t, http.MethodGet, "/v1/stats?userId=ada"), http.StatusOK, map[string]any{
				"courses.0.lessonsCompleted": completed, "totals.lessonsCompleted": completed,
			})
		})
	}
}
