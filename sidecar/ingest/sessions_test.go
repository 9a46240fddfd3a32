package ingest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/progress-sync/progress-sync/sidecar/config"
	"github.com/progress-sync/progress-sync/sidecar/progress"
)

// newStandardsDesk is a desk whose policy takes both standards, at a fixed time.
func newStandardsDesk(change func(*config.Ingest)) *desk {
	d := newDesk()
	c := config.Default()
	c.Ingest.Standards = []config.Standard{config.StandardXAPI, config.StandardCaliper}
	if change != nil {
		change(&c.Ingest)
	}
	d.SetLimits(LimitsOf(c))
	d.now = func() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC) }
	return d
}

// tell sends a request and returns the answer as it is.
func (d *desk) tell(r *http.Request) *httptest.ResponseRecorder {
	r.Host = "127.0.0.1:8787"
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func statements(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/xapi/statements", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	return r
}

func envelopeOf(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/caliper", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func session(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "sessions", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestASessionOfAStandardGivesTheRecordOfTheSameSessionInUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		prefixes []string
		lesson   progress.Key // that there must be, so that the comparison is of something
		events   map[string]int
	}{
		"video": {lesson: progress.Key{
			UserID: "ada", CourseID: "https://lms.example/courses/go-101", LessonID: "https://lms.example/films/channels",
		}, events: map[string]int{"xAPI update": 11}},
		"h5p": {lesson: progress.Key{
			UserID:   "ada@school.example",
			CourseID: "https://school.example/wp-admin/admin-ajax.php?action=h5p_embed&id=7",
			LessonID: "https://school.example/wp-admin/admin-ajax.php?action=h5p_embed&id=7",
		}, events: map[string]int{"xAPI update": 3, "xAPI ignored": 3}},
		"openedx": {prefixes: []string{"https://edx.example/course/", "https://edx.example/", "https://edx.example/xblock/"}, lesson: progress.Key{
			UserID: "6f5a0b1c-77aa-4d3e-9d1e-000000000007", CourseID: "course-v1:Uni+GO101+2026",
			LessonID: "block-v1:Uni+GO101+2026+type@video+block@0c5a",
		}, events: map[string]int{"xAPI update": 9}},
		"cmi5": {lesson: progress.Key{
			UserID: "ada", CourseID: "https://lms.example/courses/go-101", LessonID: "https://lms.example/au/3f2c",
		}, events: map[string]int{"xAPI update": 5, "xAPI ignored": 2}},
		"caliper": {prefixes: []string{"https://uni.example/users/"}, lesson: progress.Key{
			UserID: "ada", CourseID: "https://uni.example/courses/go-101/sections/1", LessonID: "https://uni.example/films/channels",
		}, events: map[string]int{"Caliper update": 7, "Caliper ignored": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := newStandardsDesk(func(i *config.Ingest) { i.IRIPrefixes = c.prefixes })
			send := statements
			if name == "caliper" {
				send = envelopeOf
			}
			if w := theirs.tell(send(session(t, name))); w.Code != http.StatusOK {
				t.Fatal(w.Code, w.Body)
			}
			own := newStandardsDesk(nil)
			if w := own.tell(post(session(t, name+"-own"))); w.Code != http.StatusOK {
				t.Fatal(w.Code, w.Body)
			}
			if diff := cmp.Diff(own.buffer.records, theirs.buffer.records); diff != "" {
				t.Error("the records differ (-own +standard)", diff)
			}
			if diff := cmp.Diff(own.buffer.hinted, theirs.buffer.hinted); diff != "" {
				t.Error("the hints differ (-own +standard)", diff)
			}
			if r := theirs.buffer.records[c.lesson]; !r.Completed || r.FirstWatchedAt == r.LastWatchedAt {
				t.Error("the record is", r)
			}
			if diff := cmp.Diff(c.events, theirs.state.events); diff != "" {
				t.Error("counted (-want +got)", diff)
			}
		})
	}
}
