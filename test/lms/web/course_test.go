package web

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheCoursePageTellsWhatIsKnown(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 1, 1, 12, minute, 0, 0, time.UTC) }
	first := record{LessonID: "lesson-1", PositionSeconds: 65.9, DurationSeconds: 120, Percentage: 80, LastWatchedAt: at(1)}
	second := record{LessonID: "lesson-2", PositionSeconds: 30, DurationSeconds: 120, Percentage: 25.9, LastWatchedAt: at(2)}
	done := func(id string) record {
		return record{LessonID: id, PositionSeconds: 118, DurationSeconds: 120, Percentage: 98, Completed: true, LastWatchedAt: at(9)}
	}
	began := record{LessonID: "lesson-3", PositionSeconds: 2, DurationSeconds: 120, Percentage: 1.7, LastWatchedAt: at(5)}
	reset := record{LessonID: "lesson-1", DurationSeconds: 120, LastWatchedAt: at(7)}
	unheard := record{LessonID: "lesson-9", PositionSeconds: 50, DurationSeconds: 120, Percentage: 50, LastWatchedAt: at(8)}
	const full = "✓ Completed"
	for name, tt := range map[string]struct {
		known         progressAnswer
		summary, next string
		address       string
		words         []string
	}{
		"nothing yet": {
			progressAnswer{}, "0 of 3 lessons completed · 0 %", "Start with: A day by the sea", "lesson-1",
			[]string{"Not started yet", "Not started yet", "Not started yet"},
		},
		"the one that was watched last, where it was left": {
			progressAnswer{Progress: []record{first, second, unheard}}, "0 of 3 lessons completed · 35 %", "Continue at 0:30 – How the light moves", "lesson-2",
			[]string{"80 %", "25 %", "Not started yet"},
		},
		"not one that is completed": {
			progressAnswer{Progress: []record{first, done("lesson-2")}}, "1 of 3 lessons completed · 60 %", "Continue at 1:05 – A day by the sea", "lesson-1",
			[]string{"80 %", full, "Not started yet"},
		},
		"hardly begun, so that the film starts at its start": {
			progressAnswer{Progress: []record{began}}, "0 of 3 lessons completed · 0 %", "Continue with: What the boat does", "lesson-3",
			[]string{"Not started yet", "Not started yet", "1 %"},
		},
		"started over": {
			progressAnswer{Progress: []record{reset}}, "0 of 3 lessons completed · 0 %", "Start with: A day by the sea", "lesson-1",
			[]string{"Not started yet", "Not started yet", "Not started yet"},
		},
		"all of it": {
			progressAnswer{Progress: []record{done("lesson-1"), done("lesson-2"), done("lesson-3")}}, "3 of 3 lessons completed · 100 %", "Watch again: A day by the sea", "lesson-1",
			[]string{full, full, full},
		},
		"stale, and so perhaps less than is saved": {
			progressAnswer{Stale: true, Progress: []record{second}}, unknownCourse, "Go to: A day by the sea", "lesson-1",
			[]string{unknownLesson, unknownLesson, unknownLesson},
		},
		"stale, but more than completed is nothing": {
			progressAnswer{Stale: true, Progress: []record{done("lesson-1")}}, unknownCourse, "Go to: How the light moves", "lesson-2",
			[]string{full, unknownLesson, unknownLesson},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := overviewOf(Lessons(), tt.known)
			if got.Known == tt.known.Stale || got.Summary != tt.summary || got.Next != (link{"/lessons/" + tt.address, tt.next}) {
				t.Errorf("got %+v", got)
			}
			var words []string
			for _, lesson := range got.Lessons {
				words = append(words, lesson.Words)
				if (lesson.Words == unknownLesson) == lesson.Known {
					t.Errorf("%s is known: %t", lesson.ID, lesson.Known)
				}
			}
			if !slices.Equal(words, tt.words) {
				t.Errorf("got %q, want %q", words, tt.words)
			}
		})
	}
}

// answering is a sidecar that gives this answer.
func answering(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func TestWhatTheSidecarCannotTellIsNotShownAsNothing(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"stale": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"progress":[],"stale":true}`)
		},
		"refused": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		// It answers nothing until the LMS has lost its patience.
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, answering(t, handle))
			b.login("ada")
			resp, page := b.do("GET", "/course", "")
			if resp.StatusCode != http.StatusOK || !strings.Contains(page, html.EscapeString(unknownCourse)) {
				t.Errorf("%s %s", resp.Status, page)
			}
			for _, lie := range []string{"0 %", "Not started"} {
				if strings.Contains(page, lie) {
					t.Errorf("the page says %q", lie)
				}
			}
			if got := strings.Count(page, `class="unknown"`); got != 1+len(Lessons()) {
				t.Errorf("%d bars are hidden", got)
			}
			_, text := b.do("GET", "/course/progress", "")
			var told overview
			if err := json.Unmarshal([]byte(text), &told); err != nil || told.Known || told.Summary != unknownCourse {
				t.Errorf("its script is told %s, %v", text, err)
			}
		})
	}
}

func TestTheCoursePagesScriptIsToldWhatThePageWouldSay(t *testing.T) {
	sidecar := startSidecar(t)
	b := open(t, sidecar.URL)
	if resp, _ := b.do("GET", "/course/progress", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger gets %s", resp.Status)
	}
	b.login("ada")
	resp, text := b.do("GET", "/course/progress", "")
	if got := <-sidecar.asked; got.header.Get("X-Progress-User") != "ada" || got.uri != "/v1/progress?courseId=film-course&userId=ada" {
		t.Errorf("the sidecar got %+v", got)
	}
	var told overview
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Cache-Control") != "no-store" || !told.Known || len(told.Lessons) != len(Lessons()) {
		t.Errorf("%v %s", resp.Header, text)
	}
	_, page := b.do("GET", "/course", "")
	<-sidecar.asked
	for _, says := range []string{told.Summary, told.Next.Text, told.Lessons[0].Words, told.Lessons[1].Words, told.Lessons[2].Words} {
		if says == "" || !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
}
